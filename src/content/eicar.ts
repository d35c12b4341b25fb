/**
 * The EICAR test file: 68 harmless bytes that every engine reports.
 * Put together at run time, so that this very source is not quarantined by a scanner on the developer's machine.
 */
export const EICAR: Buffer = Buffer.from(
  ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!", "$H+H*"].join(""),
  "latin1",
);
