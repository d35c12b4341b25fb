import { describe, expect, it } from "vitest";
import { findHtmlLinks } from "./find-html-links.ts";

const LINK = "http://evil.example/a";

/** Attributes of the HTML standard whose value is an address or several, and those of older and other vocabularies. */
const ATTRIBUTES = [
  "a href",
  "area href",
  "link href",
  "a ping",
  "area ping",
  "audio src",
  "embed src",
  "iframe src",
  "img src",
  "input src",
  "script src",
  "source src",
  "track src",
  "video src",
  "img srcset",
  "source srcset",
  "link imagesrcset",
  "img attributionsrc",
  "video poster",
  "object data",
  "form action",
  "button formaction",
  "input formaction",
  "blockquote cite",
  "del cite",
  "ins cite",
  "q cite",
  "div itemid",
  // obsolete
  "applet codebase",
  "applet archive",
  "applet code",
  "applet object",
  "body background",
  "table background",
  "td background",
  "bgsound src",
  "frame src",
  "frame longdesc",
  "img longdesc",
  "img lowsrc",
  "img dynsrc",
  "img usemap",
  "html manifest",
  "head profile",
  "isindex action",
  "layer src",
  "object classid",
  "object codebase",
  "embed pluginspage",
  "embed pluginurl",
  "param value",
  "command icon",
  "xml src",
  "table datasrc",
  // SVG, VML, animation
  "use xlink:href",
  "image href",
  "animate to",
  "animate from",
  "animate values",
  "v:fill o:href",
  "v:imagedata o:src",
  // anything may stand in these
  "div style",
  "div onclick",
  "iframe srcdoc",
  "meta content",
] as const;

describe("findHtmlLinks", () => {
  it.each(ATTRIBUTES)("finds the address in <%s>", (name) => {
    const [tag, attribute] = name.split(" ");
    for (const value of [`"${LINK}"`, `'${LINK}'`, LINK, `"hTTp:&#47;/evil.example/a"`]) {
      const { links } = findHtmlLinks(`x<${tag} a=b ${attribute}=${value} c=d>y`, 10);
      expect(links.map(({ host }) => host)).toEqual(["evil.example"]);
    }
  });

  it.each([
    `<meta http-equiv=refresh content="0;url=${LINK}">`,
    `<style>@import url(${LINK});</style>`,
    `<div style="background:url('${LINK}')">`,
    `<img srcset="a.png 1x, ${LINK} 2x">`,
    `<a ping="x ${LINK}">`,
    `<!-- ${LINK} -->`,
    `<?xml-stylesheet href="${LINK}"?>`,
    `<!DOCTYPE html SYSTEM "${LINK}">`,
    `<script>location='${LINK}'</script>`,
    `<noscript><img src=${LINK}></noscript>`,
    `<svg><a href=${LINK}>x</a></svg>`,
    `<textarea>${LINK}</textarea>`,
    `<title>${LINK}</title>`,
    `<a href=${LINK}`,
    `<xmp><a href=${LINK}></xmp>`,
    `<plaintext><a href=${LINK}>`,
    `<a
href
=
"${LINK}">`,
    `<a href="x" href="${LINK}">`,
    `<a/href=${LINK}>`,
  ])("finds it in %s", (source) => {
    expect(findHtmlLinks(source, 10).links.map(({ host }) => host)).toContain("evil.example");
  });

  it.each([
    '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.0//EN" "http://www.w3.org/TR/REC-html40/strict.dtd">x',
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd"><p>x',
    '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:o="urn:schemas-microsoft-com:office:office">x',
    '<img src="cid:a@b"><a href="#top">x</a>',
  ])("takes what programs write before every message for no link: %s", (source) => {
    expect(findHtmlLinks(source, 10).links).toEqual([]);
  });
});
