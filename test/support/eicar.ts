/** The standard test file of antivirus engines, put together at run time so that no scanner takes this source away. */
export const EICAR: Buffer = Buffer.from(
  ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!", "$H+H*"].join(""),
  "latin1",
);
