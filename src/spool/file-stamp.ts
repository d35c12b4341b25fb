import { fstatSync } from "node:fs";

/**
 * When a file was last changed, and how long it is: another one after any write, by whomever, and nobody can set it back
 * (utimes changes the time of the change itself). Linux from 6.13 on tells two changes apart however short after each other they are;
 * before that, and elsewhere, those within one tick of its clock (some milliseconds) look like one. Throws what the system says.
 */
export function stampOf(descriptor: number): string {
  const { ctimeNs, mtimeNs, size } = fstatSync(descriptor, { bigint: true });
  return `${ctimeNs} ${mtimeNs} ${size}`;
}
