import { styleText } from "node:util";
import type { DemoDeps } from "./demo-deps.ts";

/** Tells the story as it happens, in lines that people read. */
export interface Narrator {
  line(text?: string): void;
  /** The heading of an act. */
  act(number: number, title: string): void;
  /** Who, and what happens; several lines of text stand below each other. */
  says(who: string, what: string): void;
  /** How an act came out. */
  good(text: string): void;
  bad(text: string): void;
  strong(text: string): string;
}

type Style = "bold" | "green" | "red" | "dim";

const WHO_WIDTH = 17;

export function createNarrator({ output, env }: Pick<DemoDeps, "output" | "env">): Narrator {
  const isColoured = output.isTTY && !env["NO_COLOR"] && env["TERM"] !== "dumb";
  const style = (name: Style, text: string): string =>
    isColoured ? styleText(name, text, { validateStream: false }) : text;
  const line = (text = ""): void => {
    output.write(`${text}\n`);
  };
  return {
    line,
    act: (number, title) => line(`\n${style("bold", `${number}  ${title}`)}`),
    says(who, what) {
      const [first = "", ...more] = what.split(/\r?\n/).map(safe);
      line(`   ${style("dim", who.padEnd(WHO_WIDTH))}${first}`);
      for (const one of more) line(`   ${" ".repeat(WHO_WIDTH)}${one}`);
    },
    good: (text) => line(`   ${style("green", "✓")} ${safe(text)}`),
    bad: (text) => line(`   ${style("red", "✗")} ${text.split("\n").map(safe).join("\n     ")}`),
    strong: (text) => style("bold", text),
  };
}

/** What came over the wire must not steer the terminal. */
function safe(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "?");
}
