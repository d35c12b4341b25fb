/** Packed by the programs of these names, since nothing in Node packs like that. */
export const PACKED_SAMPLES: Readonly<Record<"bzip2" | "xz" | "xzNoCheck" | "lzmaZip", string>> = {
  bzip2:
    "QlpoOTFBWSZTWSKyLi8ADFh/////////////////////////////////////////////wAHOkICX//qqqAAAAAAAAAAAAAAAAAAA" +
    "AAmEwAAANAAAAAAAAAAAAAAAmARJgAJgACYAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAJMABMAATAAAAAAAAAAAAAAAAAAAA" +
    "AAAAAAAAAAAAAAAAAAbVVT1A0ekBpo0AyNBo0GmmjQA0A0ANGmgDCNGRpkyGhoAZAABpkAGTI0ADTQADEaaGjQMQAGmmgABK/7Ao" +
    "IgqDIOhCEoUhaGIahyHogiKJImiiKosi6MIyjSNlOKeVAqJUipjSNRApJCAKqNZVirlYKyNhWh4bRtK4mCYpkmaaJqmybpwnKdJ2" +
    "niep8n6gKCoShqIoqjKOpCkqUpamKapynqgqKpKmqiqqsq6sKyrStq4rqvK+sCwmGMOO44n7tjBPI+JIQAwSxBiSCSQgDFGOSQgB" +
    "8H0oYCQA+4wYmNH4f0kIAfxlSQgBiT0gCDSQgCBIIniSEAMySEAZApKSEAX5JCAGZJCAGIwMiZIpSSEAQYymTMoZUhGAf4wLBMGw" +
    "j/WFYZh2IYlimLYxjWOY9kGRZJk2UZVlmXZhmWaZtnEAzrPM+0DQtE0bSNK0zTtQ1LVNW1jWtc17YNi2TZto2rbNu3Dct03beN63" +
    "zfuA4LhOG4jiuM47kOS5TluY5rnOe6Douk6bqOq6zruw7LtO27juu877wPC8TxvI8rzPO9D0vU9b2Pa9z3vg+L5Pm+j6v+fZ934f" +
    "ljP0gH7fx/X/i7kinChIEVkXF4A=",
  xz:
    "/Td6WFoAAAFpIt42AgAhARYAAAB0L+Wj4D7DATFdADQYSquPkul8cIVS2ahixDyAAo9K6SRUq7jfN6H0g6J4ERU0vyw9xYa55SSV" +
    "/WRQ1Gs1DbqnJG5Y/ZUfrLSkHpYfyc2ss23d9+DY5BsC8w+caBg5ymL4zHrck+/yXTC+yXrTmudU9v+wkhhlT4UPoDR18GQO2cC2" +
    "LO7dr77+KNx/3cqiItUXORQA+RURdt2vP4N2wIz4+oyaLbwDYOVW9GFYuJfymRXjGNXF9lHDwbvsLHIlhIoMCag+O8/j40LQ95b1" +
    "yOVSfWJnZj7ujiHELm2ljJuydegUmqy3HtbZVQhVGvPSgTJf63fk60uIDwU+vcqFswOQHUfQNnxc81nMlGNdvnLkiFnqeUIsplmy" +
    "lgO0AAzIfUMhjS08NcA7yYdafeSMb2WWFXqWDNwZepm7Y4QAAAAAAIvFGf4AAckCxH0AAJNKdCo+MA2LAgAAAAABWVo=",
  xzNoCheck:
    "/Td6WFoAAAD/EtlBAgAhAQwAAACPmEGc4D7DATBdADQYSquPkul4rG03r0eeY9O/X44ICf9+dk80mMB2Govj8BzgR2MzLF8chtP/" +
    "X+DaEhG1uqEuqHzDDvZ1Xs3RLgIKEuGSQdkosGSPhaF+Srb1fiy0oSTRslQXJzSxAJBEsTTJJS9cAOkDCbtv1p1aE/0SsTpc3siV" +
    "qtLifIcFgUF0gRLumCvEvPsokLx9Gycqaftg2++KvkkhuqW24pO2VahgATAEcG9qmFE4kFsIMwVo4+rH45QOJaaGwI8V3QMUMioa" +
    "rPoZgfgJMsctemk9fgeXjFdm8eIwkzZza5w/Y5DzIJLC0I3558kJxZuFpyFPBYY6830kr49CPRFg+UNRiMZ0MJHIR+1u9wcY3nP/" +
    "WvcsSyUQtDjB2n/MzppWsLSdI4a6RXr8PlmBZHOkA8EGKQAAAAHEAsR9AABNWeqWqAAK/AIAAAAAAFla",
  lzmaZip:
    "UEsDBD8AAgAOAHcjfF2LxRn+QAEAAMQ+AAAFAAAAYS50eHQJBAUAXQAAgAAANBhKq4+S6XxwhVLZqGLEPIACj0rpJFSruN83ofSD" +
    "ongRFTS/LD3FhrnlJJX9ZFDUazUNuqckblj9lR+stKQelh/Jzayzbd334NjkGwLzD5xoGDnKYvjMetyT7/JdML7JetOa51T2/7CS" +
    "GGVPhQ+gNHXwZA7ZwLYs7t2vvv4o3H/dyqIi1Rc5FAD5FRF23a8/g3bAjPj6jJotvANg5Vb0YVi4l/KZFeMY1cX2UcPBu+wsciWE" +
    "igwJqD47z+PjQtD3lvXI5VJ9YmdmPu6OIcQubaWMm7J16BSarLce1tlVCFUa89KBMl/rd+TrS4gPBT69yoWzA5AdR9A2fFzzWcyU" +
    "Y12+cuSIWep5QiymWbKWA7QADMh9QyGNLTw1wDvJh1p95IxvZZYVepYM3Bl6mfnW+P//9STkAFBLAQI/Az8AAgAOAHcjfF2LxRn+" +
    "QAEAAMQ+AAAFAAAAAAAAAAAAAACAAQAAAABhLnR4dFBLBQYAAAAAAQABADMAAABjAQAAAAA=",
};

/** What they hold. */
export const SAMPLE_CONTENT: Buffer = Buffer.concat([
  Buffer.alloc(15_000, "harmless words "),
  Buffer.alloc(300, "a"),
  ...[1, 2, 3].map(() => Buffer.from(Array.from({ length: 256 }, (_, i) => i))),
]);
