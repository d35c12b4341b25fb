import { describe, expect, it } from "vitest";
import { readRichText } from "./rich-text.ts";

describe("readRichText", () => {
  it.each([
    ["plain words", "{\\rtf1\\ansi see this\\par there}", "see this\nthere"],
    ["bytes", "{\\rtf1 ht\\'74p:\\'2f\\'2fevil\\'2eexample}", "http://evil.example"],
    ["Unicode", "{\\rtf1 http\\u58?\\u47?\\u47?evil\\u46?com}", "http://evil.com"],
    ["Unicode above 32767", "{\\rtf1 \\u-10179?\\u-8638?}", "\u{1f642}"],
    ["a hyphen that does not break", "{\\rtf1 a\\u8209?b\\_c}", "a\u2011b-c"],
    ["two characters for one", "{\\rtf1{\\uc2 \\u58\\'3a\\'3ax}\\u47?y}", ":x/y"],
    ["none for one", "{\\rtf1\\uc0 \\u104\\u116\\u116p}", "http"],
    ["runs", "{\\rtf1 ht{\\b tp}\\b0 ://ev\\-il.com}", "http://evil.com"],
    ["literal signs", "\\{a\\\\b\\}", "{a\\b}"],
    ["the document's code page", "{\\rtf1\\ansicpg1251 \\'cf\\'f0}", "Пр"],
    ["one of two bytes a character", "{\\rtf1\\ansicpg932 \\'82\\'a8\\'8b}", "お\ufffd"],
    ["a code page of nobody", "{\\rtf1\\ansicpg4711 \\'41}", "A"],
    [
      "the code page of a font",
      "{\\rtf1{\\fonttbl{\\f0 A;}{\\f1\\fcharset204 B;}}{\\f1 \\'cf}\\'cf{\\f1\\f0 \\'cf}\\f1 \\'f0}",
      "ПÏÏр",
    ],
    ["dashes and quotes", "{\\rtf1\\ldblquote a\\emdash b\\rdblquote}", "“a—b”"],
    ["no tables", "{\\rtf1{\\fonttbl{\\f0 Arial;}}{\\*\\generator x;}{\\info{\\title t}}a}", "a"],
    ["no hidden text", "{\\rtf1 a{\\v b}c\\v d\\v0 e}", "ace"],
  ])("shows %s", (_, source, shown) => {
    expect(readRichText(source).shown.trim()).toBe(shown);
  });

  it("keeps everything that another reader might see", () => {
    const { all } = readRichText(
      '{\\rtf1{\\field{\\*\\fldinst HYPERLINK "http://a.example"}{\\fldrslt x}}{\\v b}{\\*\\q c}}',
    );
    expect(all).toContain('HYPERLINK "http://a.example"');
    expect(all).toContain("bc");
    expect(readRichText("{\\rtf1\\ansicpg932 \\'82http}").all).toContain("http");
    expect(readRichText("{\\rtf1 \\u8203h\\u8203t\\u8203t\\u8203p}").fallback).toContain("http");
  });

  it.each([
    "{\\rtf1{\\object\\objemb{\\*\\objclass Package}{\\*\\objdata 0105}}}",
    "{\\rtf1{\\*\\objdata 0105}}",
    "{\\rtf1 ev\\bin4 abcdil.example}",
    '{\\rtf1{\\field{\\*\\fldinst DDEAUTO c:\\\\windows\\\\cmd.exe "/k calc"}}}',
  ])("names what is no text: %s", (source) => {
    expect(readRichText(source).active).toBe(true);
  });

  it("finds nothing active in what people write", () => {
    expect(readRichText("{\\rtf1 the object of the DDE-like thing: binary}").active).toBe(false);
  });

  it("stays linear on hostile input", () => {
    const source = "\\u58?{\\b ".repeat(20_000);
    expect(readRichText(source).shown).toBe(":".repeat(20_000));
    expect(readRichText("\\'61".repeat(30_000)).shown).toHaveLength(30_000);
    expect(readRichText(`${"{".repeat(100_000)}a${"}".repeat(100_000)}b`).shown).toBe("ab");
  });
});
