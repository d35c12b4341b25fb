import { describe, expect, it } from "vitest";
import { SourceRates } from "./source-rates.ts";

const RATE = { count: 3, perMs: 1000 };

function admissions(rates: SourceRates, times: number, nowMs: number, isNew = true): string {
  return Array.from({ length: times }, () => rates.admit("a", isNew, nowMs)[0]).join("");
}

describe("SourceRates", () => {
  it("lets a burst pass, refuses as many again, and drops the rest", () => {
    expect(admissions(new SourceRates(RATE), 9, 0)).toBe("ppprrrddd");
  });

  it("goes on at the rate while the flood lasts, and needs no rest afterwards", () => {
    const rates = new SourceRates(RATE);
    admissions(rates, 100, 0);
    expect(admissions(rates, 4, 1000)).toBe("pppr");
    expect(admissions(rates, 4, 3_600_000)).toBe("pppr");
  });

  it("counts what goes on with something begun apart, and bears four times as much of it", () => {
    const rates = new SourceRates(RATE);
    admissions(rates, 100, 0);
    expect(admissions(rates, 14, 0, false)).toBe("ppppppppppppdd");
    expect(admissions(rates, 1, 400)).toBe("p");
  });

  it("does not let one source pay for another", () => {
    const rates = new SourceRates(RATE);
    admissions(rates, 100, 0);
    expect(rates.admit("b", true, 0)).toBe("pass");
  });

  it("remembers a bounded number of sources, and one that goes on among them", () => {
    const rates = new SourceRates(RATE);
    for (let n = 0; n < 200_000; n += 1) {
      rates.admit(`10.${n}`, true, 0);
      if (n % 1000 === 0) rates.admit("a", true, 0);
    }
    expect(rates.size).toBeLessThanOrEqual(50_000);
    expect(rates.admit("a", true, 0)).toBe("drop");
  });
});
