import type { Receipt } from "../query/receipt.ts";
import type { ReceiptAnswer } from "./contract.ts";

/** A receipt as JSON has it. */
export function receiptAnswer(receipt: Receipt): ReceiptAnswer {
  return { ...receipt, upToNano: receipt.upToNano.toString() };
}
