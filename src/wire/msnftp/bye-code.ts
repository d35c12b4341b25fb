/** The numbers of BYE (lcs.md B4); they are HRESULTs, printed as unsigned decimals. */
export const BYE_CODE = {
  received: 16_777_989,
  sent: 16_777_987,
  diskFull: 2_147_942_405,
  receiverCancelled: 2_164_261_682,
  senderCancelled: 2_164_261_683,
  timedOut: 2_164_261_694,
} as const;
