/** How it is packed, or what is special about it. */
export type SevenZipKind =
  | "lzma"
  | "lzma2"
  | "copy"
  | "plain"
  | "bzip2"
  | "deflate"
  | "ppmd"
  | "filtered"
  | "sealed"
  | "names";

/**
 * 7z archives made with 7-Zip 26 of the same three files: `a.txt`, `d/setup.exe` and `photo.dat`, a zip that holds `inner.vbs`. Each is
 * named by what is special about it; the password of the encrypted ones is "secret".
 */
export const SEVEN_ZIP_FILES: Readonly<Record<SevenZipKind, Buffer>> = {
  // LZMA, with a packed header.
  lzma: fixture(
    "N3q8ryccAAROoJ5W5gAAAAAAAAAiAAAAAAAAAGcpaDEANBlJ7o3vjIcx9UUuc+hn/JPhn45WLB37l/wgk1OWSYBM" +
      "0Irjj97X9cwDTa6UFt8pJ4TwiTwUECWLpE04wAyiGP6osV2MrqXlqtd96+o0uRsb5fIBqQAAAIEzB64P0xvCvUDA" +
      "kNNDxOH56K6hjDSWHI9FebNhrpPdF1EL2xhIPDYMGqcejQiIgLhjk1oUmdxpPsHJo7URbwHaWlE3LB3ZOcMMdYKl" +
      "OTLjkkolJt5zNyCOIZYKM47Bq6ZILeKGZqZ2RKTrUbmq4loD1nFR3LN9zZe7JvgLAAvETxMSyM4NGjGrqU0AABcG" +
      "VwEJgI8ABwsBAAEjAwEBBV0AEAAADIC2CgGNJt+dAAA=",
  ),
  // LZMA2.
  lzma2: fixture(
    "N3q8ryccAASqP+YZ6AAAAAAAAAAiAAAAAAAAAMPANMLgAKoAVl0ANBlJ7o3vjIcx9UUuc+hn/JPhn45WLB37l/wg" +
      "k1OWSYBM0Irjj97X9cwDTa6UFt8pJ4TwiTwUECWLpE04wAyiGP6osV2MrqXlqtd96+o0uRsb5fIBqQAAAACBMweu" +
      "D9N2FX1AwJDS/31pTY8YtLlmsMbGorilMtWqKQhx9d8Isa9Y6ip1wxNoCAplIR5ff8hOCvTDYm4btbgdAN0A6TdU" +
      "KD2OXizlDy8FYlUj4SkoB1gbbAJOEgVErjuM8TE7gO/rfY2gdDuEqaC9GSR11iDCyUZLVMnXONY3epDpvUEqFAAA" +
      "FwZeAQmAigAHCwEAASMDAQEFXQAQAAAMgLYKAQwzuUAAAA==",
  ),
  // Stored.
  copy: fixture(
    "N3q8ryccAARHIXSgMQEAAAAAAAAjAAAAAAAAAIuetS5oZWxsbywgaGVsbG8sIGhlbGxvCk1akJCQkJCQkJCQkJCQ" +
      "kJCQkJCQkJCQkJCQkJCQkJCQUEsDBBQAAAAIAKYefF2DFtyMAwAAAAEAAAAJAAAAaW5uZXIudmJzqwAAUEsBAhQD" +
      "FAAAAAgAph58XYMW3IwDAAAAAQAAAAkAAAAAAAAAAAAAAIABAAAAAGlubmVyLnZic1BLBQYAAAAAAQABADcAAAAq" +
      "AAAAAAAAAIEzB65Pn7q38EEVu7Lq/NwwBODGiir6Gg+FpjHJVmqRfBmmfPDvJLupEbXk/2uUBgw1MADd9vhc4pBq" +
      "W2pqq7qaJ/G1CM3NTL0/ozExAht4y8kysLqF/dPEI1yfo2tsgNyAAgp4aUfE/clhaNXIYFWKSdEZ1h93p2QvGk15" +
      "Y7Gs7MAAABcGgKsBCYCGAAcLAQABIwMBAQVdABAAAAyAtgoBaWBvbQAA",
  ),
  // LZMA2, with a header that is not packed.
  plain: fixture(
    "N3q8ryccAATNl+B3XgAAAAAAAAC2AAAAAAAAAAwzuUDgAKoAVl0ANBlJ7o3vjIcx9UUuc+hn/JPhn45WLB37l/wg" +
      "k1OWSYBM0Irjj97X9cwDTa6UFt8pJ4TwiTwUECWLpE04wAyiGP6osV2MrqXlqtd96+o0uRsb5fIBqQAAAQQGAAEJ" +
      "XgAHCwEAASEhAQAMgKsACA0DCRQgCgHnQm5S4VppGFKUdNYAAAUEDgGAGQsAAAAAAAAAAAAAABE9AGQAAABhAC4A" +
      "dAB4AHQAAABkAC8AcwBlAHQAdQBwAC4AZQB4AGUAAABwAGgAbwB0AG8ALgBkAGEAdAAAABQiAQDu+0b9637dAaQe" +
      "MP3rft0BVwBH/et+3QHu+0b9637dARUSAQAQgO1BIICkgSCApIEggKSBAAA=",
  ),
  // BZip2.
  bzip2: fixture(
    "N3q8ryccAARbNUd9GQEAAAAAAAAjAAAAAAAAAKVwPUpCWmg5MUFZJlNZkGH0uwAANH/yf/AFEUAVAIAACkASEmWZ" +
      "BEgEQAABCAAEIAB0EpU9QNANDAAA2p6QaFGQ0AAAAAFokjEWDKAKE7SjBD0yDZkRmUI5QCo2+w08xI1kZco41NmK" +
      "iKIeOuSh1S3sMPRjIo7CoycxhycRhRR7EClIeT/A3F3JFOFCQkGH0uwAAIEzB64P1S/xMFZsKR9HS79DlQg0C6jR" +
      "nzgyKPs9Bng1dS/qbfmoUHQEvBYek8wMCvUrsG/9DJ4lZ0rnVox2V9wNDzzuBFgz55hVhzdwucST5fZFXyL7NufT" +
      "Z2AQvtu0vknhBpG8wwIjwJzWYrIDydtc6wgJtop87xaeuzwP6soD6X1KLwcsTogAABcGgI0BCYCMAAcLAQABIwMB" +
      "AQVdABAAAAyAtgoBeIHVnwAA",
  ),
  // Deflate.
  deflate: fixture(
    "N3q8ryccAATaOCqp8QAAAAAAAAAiAAAAAAAAAJgOuPV9S8EKQEAUfGsRznKUs+TqIza1Z+WitqhtFeXkoFwdfIWL" +
      "X/Ix3rqsCzNN00wzrZCyz5K3BWW1/4IzaocA4MERz/UaXRvFRFA+qlNKDPnUjCcAZ8QK6dfWYNGFeXLmuLogyAI9" +
      "fUY3AACBMweuD9PqNr1AwJDO5csynxlQBvKvlltq65v5if35WXzkMCkb+ZrfY8OR8TtfPVOB+wqPlyJzMVTCtRgv" +
      "foP2ld7jEOcBRWHf3ZXDehpEQHn7hIH49C1rjyrTvFyFyGn34wZfHqhG7AmxcZPYQQIJYIgcncjZUszfcCT+7bmD" +
      "1xfKSl5MQAAAFwZnAQmAigAHCwEAASMDAQEFXQAQAAAMgLYKAYt/rNUAAA==",
  ),
  // PPMd.
  ppmd: fixture(
    "N3q8ryccAAS9qL633gAAAAAAAAAiAAAAAAAAAHg2WrIAZ/uDfXA3MdVucc1T/F61ijmIETqUAPNCdJRL4rrTuU+r" +
      "hZsMvT8hk1hhFmz+EZ9kSKHDuEkCNJkX+clSe55HPduRhHw+luDAykHDaAAAAIEzB64P0qehfUDAkNNDxSosbqCf" +
      "e2rtKfxmGCmqLhhiRLKtZtK3/qvR+vqtce+VK7Os4uSjicAOhc3SuccT/TbHXWI++VvHpnSL+qrAld9bOPwwISDT" +
      "YB4e9QJ8GGmjXHMLhe3AJwhfkAz2jvS+EwX+fnv3aiIZLi3XXiVAFq0YzZ6oxtaXnrQSLTOgAAAXBk4BCYCQAAcL" +
      "AQABIwMBAQVdABAAAAyAtgoB0xqgDgAA",
  ),
  // LZMA2 behind a filter for programs (BCJ).
  filtered: fixture(
    "N3q8ryccAATxRr5e8AAAAAAAAAAiAAAAAAAAAEq6hFzgAKoAVl0ANBlJ7o3vjIcx9UUuc+hn/JPhn45WLB37l/wg" +
      "k1OWSYBM0Irjj97X9cwDTa6UFt8pJ4TwiTwUECWLpE04wAyiGP6osV2MrqXlqtd96+o0uRsb5fIBqQAAAACBMweu" +
      "D9N2FX1Au5RkHOJokYjUUAPYWAbFUm+GT3YtUbkxuZ/JwX4qhnfedbtRbzYQxddRy31PgjOaPi8BvpbyPP5pNBbR" +
      "972wsB6PGEK9RQiVHAhPvXsm2kuEudX8sjo4vJmqS6EcZM4qOAyFD/AfEYqhA5RJ9fbWoQ4MLLZoN+ghKpSxp5PX" +
      "Z5BoO19gAAAXBl4BCYCSAAcLAQABIwMBAQVdABAAAAyAtgoB7dCsPAAA",
  ),
  // Encrypted members.
  sealed: fixture(
    "N3q8ryccAASuQw2+BgEAAAAAAAAiAAAAAAAAAAKejbirfcEPxlyC1Tt9mFE/cFCHO6ITJSzYheUot1fTrWIG94Do" +
      "957wSeTUOCBNvj5vNCMvjqfJViksg6e4fLpBiaNsyRRbCV8y65tZxSuENg5Ko6NztqwI/ErunaumZts1Lf4AAIEz" +
      "B64P04/j/UC7lGQ7OaR652og+7gSlnuNYaGCirbLShYI0M6pRXnRXF7CCBQKBsO0JlIahsaxXA7PgBEbhcC0+Q8F" +
      "F1y+4ITHvgYHnPzWD/XGco7B4LBcMPH4wg5+LsmfpTa0mcmjmLvQ4+0g2Nys2FRN6HNK6p6gCojI5DY0FKIjU5eg" +
      "8svV8QXhqPv/LKcf3Aqif+QSFzIbh3dCR/caAAAAFwZgAQmApgAHCwEAASMDAQEFXQAQAAAMgMYKAWYSR0wAAA==",
  ),
  // Encrypted members and names.
  names: fixture(
    "N3q8ryccAAS4s1h0EAEAAAAAAAA+AAAAAAAAAHUfsr747cUPLfJBcwaNa4UYgAiq2dZreIPk1L/TLSo8+SyhwwHl" +
      "Zb84pwCxAVP1G+PNEKHhdb1BEicdvuv6KQqvz2xgisO6EP3tZLv41i07froTnKqlgLGv7HL2xA3Op9Cc9vEnnrQl" +
      "Rakosvyk2DDhP/x2YzDzdXquf3V6+gZNRXF4uSEoS+1Qq7UBnDMXP7I6SSD7XSg4Rbc4d43zk2IluosI0KbjDx2E" +
      "xzV3oHjAq8WuEwq+M8O6lYSvfll5r9xV2lZl81uc50lY1BU5WR2NAc2eNIgs9tgsfbEXZZsQPrb11ZCRnnNOcpuI" +
      "igKvFKIsL5R87zkZu7wmkMDDWvJwA+b83etdtv4i9jPvS3VmCptfABcGYAEJgLAABwsBAAIkBvEHARJTDwhd/x0Y" +
      "mQ1QTps+Ag+L3OEjAwEBBV0AEAAAAQAMgKaAxgoB5akWSAAA",
  ),
};

function fixture(base64: string): Buffer {
  return Buffer.from(base64, "base64");
}
