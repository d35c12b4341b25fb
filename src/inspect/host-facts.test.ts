import { domainToUnicode } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { asciiBareHost, asciiHost, isBareHost } from "./host-facts.ts";

/** Suffixes in Han and kana, of the list of 2026. */
const SUFFIXES =
  "中国 中國 香港 台湾 台灣 澳門 新加坡 公司 网络 在线 中文网 网址 网站 网店 商城 商店 商标 集团 公益 政务 政府 机构 组织机构 移动 手机 信息 游戏 " +
  "娱乐 时尚 我爱你 慈善 健康 餐厅 食品 购物 世界 企业 大拿 天主教 广东 佛山 八卦 招聘 点看 通販 联通 谷歌 嘉里 淡马锡 " +
  "みんな コム セール ストア ポイント ファッション クラウド グーグル アマゾン";

/** What it takes the way through IDNA to say. */
function bySlowWay(written: string): string | undefined {
  const ascii = asciiHost(written);
  return ascii !== undefined && isBareHost(ascii) ? ascii : undefined;
}

describe("asciiBareHost", () => {
  it.each(SUFFIXES.split(" "))("knows a host under .%s", (suffix) => {
    expect(asciiBareHost(`例え.${suffix}`)).toMatch(/^xn--r8jz45g\.xn--/);
  });

  it("says of any Chinese or Japanese label what IDNA and the list of suffixes say", () => {
    const sign = fc.constantFrom(
      ...SUFFIXES.replaceAll(" ", "").split(""),
      ..."々ー゛か\u3099豈㍿a-1.ßé".split(""),
      "中国",
    );
    const label = fc.array(sign, { minLength: 1, maxLength: 5 }).map((signs) => signs.join(""));
    fc.assert(
      fc.property(label, label, (first, last) => {
        const written = `${first}.${last}`;
        expect(asciiBareHost(written)).toBe(bySlowWay(written));
      }),
      { numRuns: 3_000 },
    );
  });

  it("spares the way through IDNA only signs that it leaves as they are", () => {
    const ranges = [
      [0x3041, 0x3096],
      [0x30a1, 0x30fa],
      [0x30fc, 0x30fc],
      [0x3400, 0x4dbf],
      [0x4e00, 0x9fff],
    ] as const;
    const changed: string[] = [];
    for (const [first, last] of ranges)
      for (let from = first; from <= last; from += 16) {
        const codes = Array.from({ length: Math.min(16, last - from + 1) }, (_, i) => from + i);
        const label = String.fromCodePoint(...codes);
        if (domainToUnicode(asciiHost(`x.${label}`) ?? "") !== `x.${label}`) changed.push(label);
      }
    expect(changed).toEqual([]);
  });
});
