import { extensions, lookup } from "mime-types";

/**
 * What a file is good for, as rules ask for it. Names and types are compared by group, never as strings: ".exe" has five
 * media types in the tables of this world, and a script has none.
 */
export type TypeGroup =
  | "executable"
  | "script"
  | "installer"
  | "shortcut"
  | "office"
  | "document"
  | "archive"
  | "disk-image"
  | "image"
  | "audio"
  | "video"
  | "text";

const EXTENSIONS: Readonly<Record<TypeGroup, string>> = {
  executable:
    "exe com scr pif cpl dll ocx sys drv efi elf so dylib app bin run gadget xbe axf prx class dex jar war msstyles",
  script:
    "bat cmd vb vbe vbs js jse mjs ws wsf wsc wsh ps1 ps1xml ps2 psc1 psm1 psd1 sh bash zsh csh ksh fish command py pyc pyw pl rb php " +
    "hta sct shb shs chm hlp asp aspx jsp cer crt reg inf ins isp its bas fxp prg ops prf pcd mst msc mde mdb ade adp mad maf " +
    "mag mam maq mar mas mat mau mav maw mda mdt mdw mdz xsl xslt lua tcl awk osx workflow scpt applescript svg",
  installer:
    "msi msp msix msixbundle appx appxbundle deb rpm apk ipa pkg mpkg dmg snap flatpak xpi crx",
  shortcut:
    "lnk url scf pnp desktop webloc website library-ms search-ms settingcontent-ms theme inetloc rdp",
  office:
    "doc docx docm dot dotx dotm xls xlsx xlsm xlsb xlam xlt xltx xltm xla xll ppt pptx pptm pot potx potm ppa ppam pps ppsx ppsm " +
    "odt ods odp odg rtf vsd vsdx vsdm vss vst vsw mpp pub one slk iqy dqy oqy wiz",
  document: "pdf xps oxps epub djvu ps eps tex md eml msg ics vcf htm html xhtml mht mhtml",
  archive:
    "zip 7z rar tar gz tgz bz2 tbz xz txz zst lz lz4 lzh lha arj cab ace z cpio ar uue uu hqx sit sitx sea xar yenc",
  "disk-image": "iso img vhd vhdx vmdk udf wim toast",
  image: "jpg jpeg jpe jfif png gif bmp tif tiff webp heic heif avif ico psd ai raw",
  audio: "mp3 wav ogg oga opus flac m4a aac wma mid midi amr aif aiff",
  video: "mp4 m4v mov avi mkv webm wmv mpg mpeg flv 3gp ogv",
  text: "txt log csv tsv json xml yaml yml ini cfg conf",
};

const GROUP_OF_EXTENSION: ReadonlyMap<string, TypeGroup> = new Map(
  (Object.keys(EXTENSIONS) as TypeGroup[]).flatMap((group) =>
    EXTENSIONS[group].split(" ").map((extension): [string, TypeGroup] => [extension, group]),
  ),
);

const SHOWN_AS_HARMLESS: ReadonlySet<TypeGroup> = new Set<TypeGroup>([
  "office",
  "document",
  "image",
  "audio",
  "video",
  "text",
]);

/** All of them, for the rule language. */
export const TYPE_GROUPS: readonly [TypeGroup, ...TypeGroup[]] = [
  "executable",
  "script",
  "installer",
  "shortcut",
  "office",
  "document",
  "archive",
  "disk-image",
  "image",
  "audio",
  "video",
  "text",
];

/** What a file with this extension (small letters, no dot) is good for; undefined: it says nothing. */
export function groupOfExtension(extension: string): TypeGroup | undefined {
  const own = GROUP_OF_EXTENSION.get(extension);
  if (own !== undefined || SOURCE_CODE.has(extension)) return own;
  const type = lookup(extension);
  return type === false ? undefined : groupOfTopLevel(type);
}

/** What a media type is good for, by the extensions that it has; undefined: it says nothing. */
export function groupOfMediaType(type: string): TypeGroup | undefined {
  if (ANYTHING.has(type)) return undefined;
  for (const extension of extensionsOf(type)) {
    const group = GROUP_OF_EXTENSION.get(extension);
    if (group !== undefined) return group;
  }
  return groupOfTopLevel(type);
}

/** What clients write when they do not know. */
const ANYTHING: ReadonlySet<string> = new Set([
  "application/octet-stream",
  "binary/octet-stream",
  "application/binary",
  "application/x-binary",
  "application/unknown",
  "application/x-download",
  "application/force-download",
]);

/** The extensions that files of a media type have, small letters, no dot. */
export function extensionsOf(type: string): readonly string[] {
  return Object.hasOwn(extensions, type) ? (extensions[type] ?? []) : [];
}

/** Says openly that there is a program in it, to be read rather than run: a `.ts` is a video by the tables of this world. */
export function isSourceCode(extension: string): boolean {
  return SOURCE_CODE.has(extension);
}

const SOURCE_CODE: ReadonlySet<string> = new Set(
  (
    "c h cc cpp cxx hpp cs java kt go rs swift ts tsx jsx mts cts vue svelte css scss less sql r m mm f90 pas hs ml " +
    "erl ex exs clj scala groovy gradle dart jl nim zig v sv vhdl asm s md markdown rst adoc tex ipynb map har " +
    "diff patch cmake mk tf proto graphql toml"
  ).split(" "),
);

function groupOfTopLevel(type: string): TypeGroup | undefined {
  const top = type.slice(0, type.indexOf("/"));
  return top === "image" || top === "audio" || top === "video" || top === "text" ? top : undefined;
}

/** The extension is one that a user takes for a paper, a picture or a tune: what a double extension pretends to be. */
export function looksHarmless(extension: string): boolean {
  const group = GROUP_OF_EXTENSION.get(extension);
  return group !== undefined && SHOWN_AS_HARMLESS.has(group);
}
