import { beginsContainer } from "./begins-container.ts";
import type { ArchiveLook } from "./archive-look.ts";
import type { FoundPatterns } from "./builtin-patterns.ts";
import { trueType, type TrueType } from "./true-type.ts";
import type { TypeGroup } from "./type-groups.ts";

/** What the members of an archive are, on all levels together, as far as they were seen. */
export interface InsideFile {
  /** Of all members, none twice. */
  readonly types: readonly TrueType[];
  /** The EICAR test file is among them. */
  readonly eicar: boolean;
  /** The media type of a member that is a program by its first bytes. */
  readonly program: string | undefined;
  /** All members were seen to their end, and each is a plain file of a known type, which holds no other. */
  readonly isPlain: boolean;
}

/** Programs by their first bytes: nobody sends one in a message for a good reason. */
export const PROGRAM_GROUPS: ReadonlySet<TypeGroup> = new Set<TypeGroup>([
  "executable",
  "shortcut",
  "script",
]);

const PLAIN_GROUPS: ReadonlySet<TypeGroup> = new Set<TypeGroup>([
  "document",
  "image",
  "audio",
  "video",
  "text",
]);

/** A member as it was seen. */
export interface SeenMember {
  readonly size: number;
  readonly head: Buffer;
  readonly types: readonly TrueType[];
  readonly hasMacros: boolean | undefined;
  /** It is one, and was walked through. */
  readonly archive: ArchiveLook | undefined;
  /** In all of its bytes; undefined: they were not looked through, since it was walked through. */
  readonly found: FoundPatterns | undefined;
}

/** Gathers it. */
export class InsideGathering implements InsideFile {
  eicar = false;
  program: string | undefined;
  isPlain = true;
  /** Undefined: one of them is encrypted. */
  hasMacros: boolean | undefined = false;
  readonly #types = new Map<string, TrueType>();

  get types(): readonly TrueType[] {
    return [...this.#types.values()];
  }

  add(member: SeenMember): void {
    const { types, hasMacros, found, head } = member;
    for (const type of types) this.#types.set(type.type, type);
    if (hasMacros === true || this.hasMacros === false) this.hasMacros = hasMacros;
    this.eicar ||= found?.eicar === true;
    const magic = trueType(head);
    if (magic !== undefined && PROGRAM_GROUPS.has(magic.group)) this.program ??= magic.type;
    this.isPlain &&= isPlainArchive(member) || isPlainFile(member, magic);
  }
}

/** Nothing but members, which are seen for themselves. */
function isPlainArchive({ archive, types }: SeenMember): boolean {
  if (archive?.isPure !== true || !archive.listed || archive.content !== undefined) return false;
  return types.every(({ group }) => group === "archive");
}

function isPlainFile(
  { size, archive, types, found, head }: SeenMember,
  magic: TrueType | undefined,
): boolean {
  if (size === 0) return true;
  if (archive !== undefined || found === undefined || found.container) return false;
  if (types.length === 0 || beginsContainer(head, magic)) return false;
  return types.every(({ group }) => PLAIN_GROUPS.has(group));
}
