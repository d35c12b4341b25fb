import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { TypeGroup } from "../../src/content/type-groups.ts";
import { oleFile, type OlePart } from "./ole-file.ts";
import { tarFile } from "./tar-file.ts";
import { SCRIPT_SAMPLES } from "./script-samples.ts";
import { zipFile, type ZipMember } from "./zip-file.ts";

/** A file made by a test, whose type is known because it was made so. */
export interface TypedSample {
  readonly title: string;
  /** The extension that it would honestly have. */
  readonly extension: string;
  readonly group: TypeGroup;
  readonly bytes: Buffer;
  /** An Office document with macros, or without; absent: no document. */
  readonly macros?: boolean;
}

/** Every sample; 200 and more. */
export function typedSamples(): readonly TypedSample[] {
  return [
    ...programs(),
    ...SCRIPT_SAMPLES.map(({ extension, text }, i) => ({
      title: `${extension} script ${i}`,
      extension,
      group: "script" as const,
      bytes: Buffer.from(text),
    })),
    ...wideScripts(),
    ...shortcuts(),
    ...installers(),
    ...office(),
    ...archives(),
    ...documents(),
    ...media(),
    ...texts(),
  ];
}

function sample(
  group: TypeGroup,
  extension: string,
  bytes: Buffer | string,
  title = extension,
): TypedSample {
  return { title, extension, group, bytes: typeof bytes === "string" ? latin1(bytes) : bytes };
}

function programs(): readonly TypedSample[] {
  const elf = (bits: number, order: number, kind: number): Buffer =>
    Buffer.concat([
      latin1("\x7fELF"),
      Buffer.from([bits, order, 1, 0]),
      Buffer.alloc(8),
      Buffer.from([kind, 0, 62, 0]),
      Buffer.alloc(200),
    ]);
  return [
    ...["exe", "dll", "scr", "sys", "ocx", "cpl"].map((one) => sample("executable", one, pe(one))),
    sample("executable", "exe", `MZ${"\0".repeat(58)}\x40\0\0\0${"\x90".repeat(64)}`, "DOS exe"),
    sample(
      "executable",
      "exe",
      Buffer.concat([pe("exe"), zipFile([{ name: "a.txt", data: "a" }])]),
      "self-extracting exe",
    ),
    ...[1, 2].flatMap((bits) =>
      [1, 2].flatMap((order) =>
        [1, 2, 3].map((kind) =>
          sample("executable", "elf", elf(bits, order, kind), `ELF ${bits}${order}${kind}`),
        ),
      ),
    ),
    ...["\xfe\xed\xfa\xce", "\xfe\xed\xfa\xcf", "\xce\xfa\xed\xfe", "\xcf\xfa\xed\xfe"].map(
      (magic) =>
        sample(
          "executable",
          "dylib",
          `${magic}\x07\0\0\x01\x03\0\0\0\x02\0\0\0${"\0".repeat(100)}`,
        ),
    ),
    sample("executable", "dylib", `\xca\xfe\xba\xbe\0\0\0\x02${"\0".repeat(100)}`, "fat Mach-O"),
    ...[0x31, 0x34, 0x3d, 0x41].map((version) =>
      sample(
        "executable",
        "class",
        `\xca\xfe\xba\xbe\0\0\0${String.fromCharCode(version)}\0\x10${"\x07\0\x02".repeat(9)}`,
      ),
    ),
    ...["035", "038", "039"].map((version) =>
      sample("executable", "dex", `dex\n${version}\0${"\x11".repeat(100)}`),
    ),
    sample("executable", "wasm", "\0asm\x01\0\0\0\x01\x04\x01\x60\0\0"),
    sample("executable", "jar", jar("Main.class")),
    sample("executable", "war", jar("WEB-INF/classes/A.class")),
  ];
}

/** A portable executable with the headers that a loader wants. */
export function pe(kind: string): Buffer {
  const bytes = Buffer.alloc(1024);
  bytes.write("MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff", "latin1");
  bytes.writeUInt32LE(0x80, 0x3c);
  bytes.write(
    "\x0e\x1f\xba\x0e\0\xb4\x09\xcd\x21\xb8\x01\x4c\xcd\x21This program cannot be run in DOS mode.\r\r\n$",
    0x40,
    "latin1",
  );
  bytes.write("PE\0\0\x4c\x01\x01\0", 0x80, "latin1");
  bytes.writeUInt16LE(0xe0, 0x94);
  bytes.writeUInt16LE(kind === "exe" ? 0x102 : 0x2102, 0x96);
  bytes.writeUInt16LE(0x10b, 0x98);
  bytes.write(".text", 0x178, "latin1");
  return bytes;
}

function jar(member: string): Buffer {
  return zipFile([
    { name: "META-INF/MANIFEST.MF", data: "Manifest-Version: 1.0\r\n" },
    { name: member, data: latin1("\xca\xfe\xba\xbe\0\0\0\x34") },
  ]);
}

/** Windows writes and reads scripts in UTF-16 as well. */
function wideScripts(): readonly TypedSample[] {
  return SCRIPT_SAMPLES.filter(({ extension }) =>
    ["ps1", "vbs", "js", "reg", "bat"].includes(extension),
  ).flatMap(({ extension, text }, i) => {
    const little = Buffer.from(`\uFEFF${text}`, "utf16le");
    return [
      sample("script", extension, little, `${extension} in UTF-16LE ${i}`),
      sample("script", extension, Buffer.from(little).swap16(), `${extension} in UTF-16BE ${i}`),
      sample("script", extension, Buffer.from(`\uFEFF${text}`), `${extension} with a mark ${i}`),
    ];
  });
}

function shortcuts(): readonly TypedSample[] {
  const lnk = `L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0F\x93\0\0\0${"\0".repeat(60)}`;
  return [
    sample("shortcut", "lnk", lnk),
    sample("shortcut", "lnk", `${lnk}cmd.exe /c powershell -enc AAAA`, "lnk with arguments"),
    sample("shortcut", "url", "[InternetShortcut]\r\nURL=file://evil.example/share/a.exe\r\n"),
    sample(
      "shortcut",
      "url",
      "[internetshortcut]\nurl=http://evil.example\n",
      "url in small letters",
    ),
    sample(
      "shortcut",
      "desktop",
      "[Desktop Entry]\nType=Application\nExec=sh -c id\nName=photo.jpg\n",
    ),
    sample("shortcut", "scf", "[Shell]\r\nCommand=2\r\nIconFile=\\\\evil.example\\a.ico\r\n"),
    sample("shortcut", "rdp", "screen mode id:i:2\r\nfull address:s:evil.example\r\n"),
    sample(
      "shortcut",
      "library-ms",
      '<?xml version="1.0"?>\n<libraryDescription xmlns="http://schemas.microsoft.com/windows/2009/library"></libraryDescription>',
    ),
    sample(
      "shortcut",
      "settingcontent-ms",
      '<?xml version="1.0"?><PCSettings><SearchableContent></SearchableContent></PCSettings>',
    ),
  ];
}

/** Root classes of the Windows Installer's files. */
const MSI_CLASS = "84100c0000000000c000000000000046";

function installers(): readonly TypedSample[] {
  return [
    sample("installer", "msi", oleFile([{ name: "\u4840\u3f3f", data: latin1("x") }], MSI_CLASS)),
    sample(
      "installer",
      "msp",
      oleFile([{ name: "\u4840\u3f3f", data: latin1("x") }], MSI_CLASS.replace("84", "86")),
    ),
    sample(
      "installer",
      "mst",
      oleFile([{ name: "\u4840\u3f3f", data: latin1("x") }], MSI_CLASS.replace("84", "82")),
    ),
    sample(
      "installer",
      "deb",
      "!<arch>\ndebian-binary   1700000000  0     0     100644  4         `\n2.0\n",
    ),
    sample(
      "installer",
      "rpm",
      `\xed\xab\xee\xdb\x03\0\0\0\0\x01pkg-1.0${"\0".repeat(80)}\x8e\xad\xe8\x01`,
    ),
    sample(
      "installer",
      "apk",
      zipFile([
        { name: "AndroidManifest.xml", data: latin1("\x03\0\x08\0") },
        { name: "classes.dex", data: "dex\n035" },
      ]),
    ),
    sample(
      "installer",
      "appx",
      zipFile([
        { name: "AppxManifest.xml", data: "<Package/>" },
        { name: "[Content_Types].xml", data: "<Types/>" },
      ]),
    ),
    sample("installer", "xpi", zipFile([{ name: "install.rdf", data: "<RDF/>" }])),
    sample("installer", "ipa", zipFile([{ name: "Payload/A.app/Info.plist", data: "bplist00" }])),
    sample(
      "installer",
      "jnlp",
      '<?xml version="1.0"?><jnlp spec="1.0+"><application-desc main-class="A"/></jnlp>',
    ),
    sample(
      "installer",
      "application",
      '<?xml version="1.0"?><asmv1:assembly manifestVersion="1.0"></asmv1:assembly>',
    ),
  ];
}

const OPC = "application/vnd.openxmlformats-officedocument";
const MS = "application/vnd.ms-";
/** Extension, content type of the main part, folder, and whether such a file may hold macros. */
const PACKAGES: readonly (readonly [string, string, string, boolean])[] = [
  ["docx", `${OPC}.wordprocessingml.document.main+xml`, "word/document.xml", false],
  ["dotx", `${OPC}.wordprocessingml.template.main+xml`, "word/document.xml", false],
  ["docm", `${MS}word.document.macroEnabled.main+xml`, "word/document.xml", true],
  ["dotm", `${MS}word.template.macroEnabledTemplate.main+xml`, "word/document.xml", true],
  ["xlsx", `${OPC}.spreadsheetml.sheet.main+xml`, "xl/workbook.xml", false],
  ["xltx", `${OPC}.spreadsheetml.template.main+xml`, "xl/workbook.xml", false],
  ["xlsm", `${MS}excel.sheet.macroEnabled.main+xml`, "xl/workbook.xml", true],
  ["xltm", `${MS}excel.template.macroEnabled.main+xml`, "xl/workbook.xml", true],
  ["xlam", `${MS}excel.addin.macroEnabled.main+xml`, "xl/workbook.xml", true],
  ["xlsb", `${MS}excel.sheet.binary.macroEnabled.main`, "xl/workbook.bin", true],
  ["pptx", `${OPC}.presentationml.presentation.main+xml`, "ppt/presentation.xml", false],
  ["ppsx", `${OPC}.presentationml.slideshow.main+xml`, "ppt/presentation.xml", false],
  ["pptm", `${MS}powerpoint.presentation.macroEnabled.main+xml`, "ppt/presentation.xml", true],
  ["ppsm", `${MS}powerpoint.slideshow.macroEnabled.main+xml`, "ppt/presentation.xml", true],
  ["ppam", `${MS}powerpoint.addin.macroEnabled.main+xml`, "ppt/presentation.xml", true],
];

/** An Office document of today. */
export function officePackage(extension: string, extra: readonly ZipMember[] = []): Buffer {
  const [, type = "", part = ""] = PACKAGES.find(([one]) => one === extension) ?? [];
  const types = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Override PartName="/${part}" ContentType="${type}"/></Types>`;
  return zipFile([
    { name: "[Content_Types].xml", data: types },
    { name: "_rels/.rels", data: "<Relationships/>" },
    { name: part, data: "<document/>" },
    ...extra,
  ]);
}

function office(): readonly TypedSample[] {
  const found: TypedSample[] = [];
  const add = (extension: string, bytes: Buffer, macros: boolean, title = extension): void => {
    found.push({
      title: `${title}${macros ? " with macros" : ""}`,
      extension,
      group: "office",
      bytes,
      macros,
    });
  };
  const vba = {
    name: "vbaProject.bin",
    data: oleFile([{ name: "VBA" }, { name: "PROJECT", data: latin1("ID=") }]),
  };
  for (const [extension, , part, mayHold] of PACKAGES) {
    const folder = part.slice(0, part.indexOf("/"));
    add(extension, officePackage(extension), false);
    if (mayHold)
      add(
        extension,
        officePackage(extension, [{ ...vba, name: `${folder}/vbaProject.bin` }]),
        true,
      );
  }
  add(
    "docx",
    officePackage("docx", [{ ...vba, name: "word/vbaProject.bin" }]),
    true,
    "renamed docm",
  );
  add(
    "xlsx",
    officePackage("xlsx", [{ name: "xl/macrosheets/sheet1.xml", data: "<a/>" }]),
    true,
    "Excel 4 sheet",
  );
  add("docm", officePackage("docm", [{ ...vba, name: "WORD\\VBAPROJECT.BIN" }]), true, "odd case");
  const olds: readonly (readonly [string, string])[] = [
    ["doc", "WordDocument"],
    ["xls", "Workbook"],
    ["xls", "Book"],
    ["ppt", "PowerPoint Document"],
    ["vsd", "VisioDocument"],
    ["pub", "Quill"],
  ];
  for (const [extension, stream] of olds) {
    const main: OlePart = { name: stream, data: Buffer.alloc(600) };
    const title = `${extension} (${stream})`;
    add(extension, oleFile([main]), false, title);
    add(
      extension,
      oleFile([
        main,
        { name: "Macros" },
        { name: "VBA" },
        { name: "_VBA_PROJECT", data: latin1("\xcc\x61") },
      ]),
      true,
      title,
    );
  }
  add(
    "xls",
    oleFile([{ name: "_VBA_PROJECT_CUR" }, { name: "Workbook", data: Buffer.alloc(9) }]),
    true,
    "xls by its storage",
  );
  add(
    "xls",
    oleFile([
      {
        name: "Workbook",
        data: biff([
          [0x809, "\0\x06\x05\0"],
          [0x85, "\0\0\0\0\0\x01\x01\0A"],
          [0x0a, ""],
        ]),
      },
    ]),
    true,
    "xls, Excel 4",
  );
  add(
    "xls",
    oleFile([
      {
        name: "Workbook",
        data: biff([
          [0x809, "\0\x06\x05\0"],
          [0x85, "\0\0\0\0\0\0\x01\0A"],
          [0x0a, ""],
        ]),
      },
    ]),
    false,
    "xls, a sheet",
  );
  const atom = (flag: string): Buffer =>
    latin1(`\x0f\0\xe8\x03\x20\0\0\0\x02\0\0\x04\x0c\0\0\0\x05\0\0\0${flag}\0\0\0\x02\0\0\0`);
  add(
    "ppt",
    oleFile([{ name: "PowerPoint Document", data: atom("\x01") }]),
    true,
    "ppt, VBA packed",
  );
  add("ppt", oleFile([{ name: "PowerPoint Document", data: atom("\0") }]), false, "ppt, no VBA");
  for (const kind of ["text", "spreadsheet", "presentation", "graphics"]) {
    const mimetype = {
      name: "mimetype",
      data: `application/vnd.oasis.opendocument.${kind}`,
      stored: true,
    };
    const extension =
      { text: "odt", spreadsheet: "ods", presentation: "odp", graphics: "odg" }[kind] ?? "odt";
    add(extension, zipFile([mimetype, { name: "content.xml", data: "<a/>" }]), false);
    add(extension, zipFile([mimetype, { name: "Basic/Standard/Module1.xml", data: "<a/>" }]), true);
  }
  add("rtf", latin1("{\\rtf1\\ansi hello}"), false);
  add("slk", latin1("ID;PWXL;N;E\r\nC;Y1;X1;K1\r\nE\r\n"), false);
  add("iqy", latin1("WEB\r\n1\r\nhttp://evil.example/a\r\n"), false);
  return found;
}

function biff(records: readonly (readonly [number, string])[]): Buffer {
  return Buffer.concat(
    records.map(([type, data]) => {
      const head = Buffer.alloc(4);
      head.writeUInt16LE(type, 0);
      head.writeUInt16LE(data.length, 2);
      return Buffer.concat([head, latin1(data)]);
    }),
  );
}

function archives(): readonly TypedSample[] {
  const words = Buffer.from("harmless words\n".repeat(20));
  const iso = Buffer.alloc(0x9000);
  iso.write("\x01CD001\x01", 0x8000, "latin1");
  return [
    sample("archive", "zip", zipFile([{ name: "a.txt", data: words }])),
    sample("archive", "zip", zipFile([{ name: "a.txt", data: words, stored: true }]), "stored zip"),
    sample(
      "archive",
      "zip",
      zipFile([{ name: "a.txt", data: words, encrypted: true }]),
      "encrypted zip",
    ),
    sample("archive", "zip", zipFile([], "empty"), "empty zip"),
    sample(
      "archive",
      "zip",
      zipFile(Array.from({ length: 300 }, (_, i) => ({ name: `${i}.txt`, data: "x" }))),
      "zip of 300",
    ),
    sample("archive", "tar", tarFile([{ name: "a.txt", data: words }])),
    sample("archive", "tar", tarFile([{ name: "a.txt", data: words }], true), "old tar"),
    sample("archive", "gz", gzipSync(words)),
    sample("archive", "tgz", gzipSync(tarFile([{ name: "a.txt", data: words }]))),
    sample("archive", "zst", zstdCompressSync(words)),
    sample("archive", "bz2", "BZh91AY&SY\xb2\xd9\xd9\xd9\0\0\x02\x51\x80\0\x10\x40"),
    sample("archive", "xz", "\xfd7zXZ\0\0\x04\xe6\xd6\xb4F\x02\0!\x01\x16\0\0\0t/\xe5\xa3"),
    sample("archive", "lz", "LZIP\x01\x0c\0\x34\x19\x49"),
    sample("archive", "lz4", "\x04\x22\x4d\x18\x64\x40\xa7\x0f\0\0\x80harmless words\n"),
    sample("archive", "7z", `7z\xbc\xaf\x27\x1c\0\x04${"\x11".repeat(24)}`),
    sample("archive", "rar", `Rar!\x1a\x07\0\xcf\x90\x73\0\0\x0d\0\0\0\0\0\0\0`, "rar 4"),
    sample(
      "archive",
      "rar",
      `Rar!\x1a\x07\x01\0\x33\x92\xb5\xe5\x0a\x01\x05\x06\0\x05\x01\x01\x80\x80\0`,
      "rar 5",
    ),
    sample("archive", "rar", "RE~^\x07\0\0\x01\x02\x03", "rar 1.4"),
    sample("archive", "cab", `MSCF\0\0\0\0${"\x2c\0\0\0".repeat(8)}`),
    sample("archive", "arj", `\x60\xea\x27\0\x1e\x0b\x01\0\x10\0\x02\x9c${"\0".repeat(40)}`),
    sample("archive", "lzh", "\x1f\x20-lh5-\x10\0\0\0\x20\0\0\0"),
    sample("archive", "z", "\x1f\x9d\x90\x68\xca\xb0\x61\xf3"),
    sample("archive", "cpio", `070701${"0".repeat(104)}a.txt\0`),
    sample("archive", "cpio", `070707${"0".repeat(70)}a.txt\0`, "old cpio"),
    sample("archive", "cpio", `\xc7\x71${"\0".repeat(30)}`, "binary cpio"),
    sample(
      "archive",
      "a",
      "!<arch>\nx.o/            0           0     0     644     4         `\nabcd",
    ),
    sample("archive", "xar", `xar!\0\x1c\0\x01${"\0".repeat(40)}`),
    sample("archive", "szdd", "SZDD\x88\xf0\x27\x33A\0\x10\0\0\0"),
    sample("archive", "lzma", `\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0\x34\x19\x49`),
    sample("archive", "ace", `\x12\x34\x31\0\0\0\x90**ACE**\x14\x14${"\0".repeat(20)}`),
    sample("archive", "hqx", "(This file must be converted with BinHex 4.0)\r\n:$'0bEh0b"),
    sample("archive", "uue", "begin 644 a.exe\n#0V%T\n`\nend\n"),
    sample("disk-image", "iso", iso),
    sample("disk-image", "vhd", `conectix${"\0".repeat(504)}`),
    sample("disk-image", "vhdx", `vhdxfile${"\0".repeat(504)}`),
    sample("disk-image", "vmdk", `KDMV\x01\0\0\0${"\0".repeat(504)}`),
    sample("disk-image", "qcow2", `QFI\xfb\0\0\0\x03${"\0".repeat(504)}`),
  ];
}

function documents(): readonly TypedSample[] {
  const html =
    "<!DOCTYPE html>\n<html><head><title>Minutes</title></head><body>hello</body></html>";
  return [
    sample(
      "document",
      "pdf",
      "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n",
    ),
    sample("document", "pdf", `\xef\xbb\xbf\n\n%PDF-1.4\n%%EOF\n`, "pdf behind a mark"),
    sample("document", "ps", "%!PS-Adobe-3.0\n%%Title: a\nshowpage\n"),
    sample("document", "html", html),
    sample("document", "html", `<!-- a comment -->\n${html.toUpperCase()}`, "HTML in capitals"),
    sample("document", "html", "<html><body><p>hello</p></body></html>", "html without doctype"),
    sample(
      "document",
      "html",
      "<!DOCTYPE html><body><svg width='1'></svg></body>",
      "html with a drawing",
    ),
    sample(
      "document",
      "plist",
      '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n<plist version="1.0"><dict/></plist>',
    ),
    sample("document", "plist", "bplist00\xd0\x08\0\0\0", "binary plist"),
    sample(
      "document",
      "epub",
      zipFile([
        { name: "mimetype", data: "application/epub+zip", stored: true },
        { name: "META-INF/container.xml", data: "<a/>" },
      ]),
    ),
    sample("document", "msg", oleFile([{ name: "__properties_version1.0", data: latin1("x") }])),
    sample(
      "document",
      "eml",
      "From: a@x.example\r\nTo: b@x.example\r\nSubject: hello\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nhello\r\n",
    ),
    sample("document", "ics", "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n"),
    sample("document", "vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:A\r\nEND:VCARD\r\n"),
  ];
}

function media(): readonly TypedSample[] {
  const noise = Array.from({ length: 200 }, (_, i) => String.fromCharCode((i * 97) & 0xff)).join(
    "",
  );
  const ftyp = (brand: string): string => `\0\0\0\x18ftyp${brand}\0\0\x02\0${brand}mp41${noise}`;
  return [
    sample(
      "image",
      "png",
      `\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde${noise}`,
    ),
    sample("image", "jpg", `\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0${noise}`),
    sample("image", "jpg", `\xff\xd8\xff\xe1\0\x18Exif\0\0MM\0*${noise}`, "jpg of a camera"),
    sample("image", "gif", `GIF89a\x01\0\x01\0\x80\0\0${noise};`),
    sample("image", "gif", `GIF87a\x01\0\x01\0\x80\0\0${noise};`, "old gif"),
    sample("image", "bmp", `BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0${noise}`),
    sample("image", "tif", `II*\0\x08\0\0\0${noise}`),
    sample("image", "tif", `MM\0*\0\0\0\x08${noise}`, "tif, the other order"),
    sample("image", "webp", `RIFF\x24\0\0\0WEBPVP8 ${noise}`),
    sample("image", "ico", `\0\0\x01\0\x01\0\x10\x10\0\0\x01\0\x20\0${noise}`),
    sample("image", "heic", ftyp("heic")),
    sample("image", "avif", ftyp("avif")),
    sample("image", "psd", `8BPS\0\x01\0\0\0\0\0\0\0\x03${noise}`),
    sample("image", "jp2", `\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 ${noise}`),
    sample("image", "jxl", `\xff\x0a\xfa\x1f\x01\x91\x08\x06\x01\0${noise}`),
    sample("audio", "mp3", `ID3\x03\0\0\0\0\0\x0aTIT2\0\0\0\0\0\0\xff\xfb\x90\x64${noise}`),
    sample(
      "audio",
      "mp3",
      `\xff\xfb\x90\x64\0\x0f\xf0\0\0\x69\0\0\0\x08${"\0".repeat(403)}\xff\xfb\x90\x64${noise}`,
      "mp3 without a tag",
    ),
    sample("audio", "wav", `RIFF\x24\0\0\0WAVEfmt \x10\0\0\0${noise}`),
    sample("audio", "flac", `fLaC\0\0\0\x22${noise}`),
    sample("audio", "ogg", `OggS\0\x02${"\0".repeat(20)}\x01\x1e\x01vorbis${noise}`),
    sample("audio", "mid", `MThd\0\0\0\x06\0\x01\0\x02\0\x60MTrk${noise}`),
    sample("audio", "amr", `#!AMR\n\x3c${noise}`),
    sample("audio", "aiff", `FORM\0\0\0\x40AIFFCOMM${noise}`),
    sample("audio", "m4a", ftyp("M4A ")),
    ...["isom", "mp42", "avc1", "qt  ", "M4V ", "3gp4"].map((brand) =>
      sample("video", "mp4", ftyp(brand), `mp4 ${brand}`),
    ),
    sample("video", "avi", `RIFF\x24\0\0\0AVI LIST${noise}`),
    sample(
      "video",
      "mkv",
      `\x1a\x45\xdf\xa3\xa3\x42\x86\x81\x01\x42\xf7\x81\x01\x42\x82\x88matroska${noise}`,
    ),
    sample("video", "flv", `FLV\x01\x05\0\0\0\x09\0\0\0\0${noise}`),
    sample("video", "mpg", `\0\0\x01\xba\x44\0\x04\0\x04\x01${noise}`),
    sample("video", "wmv", `\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c${noise}`),
  ];
}

/** Prose and data that look a little like programs, and are none. */
function texts(): readonly TypedSample[] {
  const all = [
    "Dear all,\r\n\r\nplease set the table, call me, and start the car. If not, echo will come back.\r\n",
    "MZ is what programs of DOS begin with.\nBM is a bitmap.\n",
    "name;amount\nalice;3\nbob;4\n",
    '{ "name": "alice", "list": [1, 2, 3], "ok": true }\n',
    "key: value\nlist:\n  - one\n  - two\n",
    "2024-11-27T10:15:30Z INFO start of service\n2024-11-27T10:15:31Z ERROR cannot read file\n",
    '<?xml version="1.0"?>\n<component type="addon"><id>a</id><name>x</name></component>\n',
    "[section]\nkey=value\nother = 3\n",
    '<?xml version="1.0"?>\n<note><to>Bob</to></note>\n',
    "Größe: 3 €\nÜbung macht den Meister.\n",
    "Привет, мир.\nЭто просто текст.\n",
    "#include <stdio.h>\n\nint main(void) {\n  return 0;\n}\n",
    "SELECT name FROM people WHERE age > 3;\n",
    "# Heading\n\nSome *markdown* with `code` and a [link](http://x.example).\n",
    "The function f(x) = x + 1 is linear; for x in 1..3, print the result.\n",
    "1. import the data\n2. export the report\n3. return to sender\n",
    "To: all\nsubject to change, if exist any doubts\n",
    "BEGIN with a plan.\nEND with a party.\n",
    "C:\\Users\\bob> the prompt of a shell\n",
    "use strict rules. my $5 are gone.\n",
    "\u3053\u3093\u306b\u3061\u306f\u3001\u4e16\u754c\u3002\n",
  ];
  return all.map((text, i) => sample("text", "txt", Buffer.from(text), `text ${i}`));
}

/** For the sake of the type: nobody reads brotli by its first bytes. */
export const UNKNOWN_BYTES: Buffer = brotliCompressSync(Buffer.from("nobody can tell"));

function latin1(text: string): Buffer {
  return Buffer.from(text, "latin1");
}
