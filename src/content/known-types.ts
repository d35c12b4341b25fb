import { groupOfOfficeXml } from "./office-xml.ts";
import { groupOfOleType } from "./ole-content.ts";
import { groupOfTextType } from "./text-types.ts";
import { groupOfMagic } from "./true-type.ts";
import { groupOfMediaType, type TypeGroup } from "./type-groups.ts";

/** The group of a media type as the look names it, or as the tables of this world do; undefined: nobody knows it. */
export function groupOfKnownType(type: string): TypeGroup | undefined {
  return (
    groupOfMagic(type) ??
    groupOfTextType(type) ??
    groupOfOfficeXml(type) ??
    groupOfOleType(type) ??
    groupOfMediaType(type)
  );
}
