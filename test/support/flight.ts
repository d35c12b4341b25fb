import { EICAR } from "./eicar.ts";
import { FileStory, type AgreedTransfer } from "./file-story.ts";
import { harmlessBytes } from "./harmless-bytes.ts";
import { BYE_RECEIVED } from "./msnftp-peer.ts";
import type { Address } from "./sip-socket.ts";

/** A file on its way through a gateway that will be broken meanwhile. */
export interface Flight {
  readonly name: string;
  readonly bytes: Buffer;
  readonly infected: boolean;
  readonly agreed: AgreedTransfer;
}

/** What came of it. */
export interface Landing {
  /** What must not be, in words; undefined: all is well. */
  readonly fault: string | undefined;
  /** Its receiver has all of it. */
  readonly isDelivered: boolean;
  /** Its sender heard that it was received, and its receiver has not all of it. */
  readonly isOwed: boolean;
}

/** Of several sizes, so that at any moment some come in, some are scanned and some are delivered; every second one is infected. */
function contentOf(index: number): Buffer {
  const bytes = harmlessBytes(50_000 + 150_000 * (index % 10));
  if (index % 2 === 1) EICAR.copy(bytes, bytes.length / 2);
  return bytes;
}

/** One pair of users of many agrees on a file; every third sender connects to its receiver. */
export async function takeOff(
  peers: AsyncDisposableStack,
  gateway: Address,
  { round, index }: { readonly round: number; readonly index: number },
): Promise<Flight> {
  const story = peers.use(
    await FileStory.begin({ gateway, sender: `alice${index}`, receiver: `bob${index}` }),
  );
  const bytes = contentOf(index);
  const name = `round${round}-${index}.dat`;
  const way = index % 3 === 0 ? "nat" : "direct";
  const agreed = await story.agree({ name, bytes }, { way });
  return { name, bytes, infected: index % 2 === 1, agreed };
}

/** Ends what is left of it, and looks at what its peers have. */
export async function landingOf({ name, bytes, infected, agreed }: Flight): Promise<Landing> {
  // Who was still waiting for a connection would wait for ever.
  agreed.receiver.vanishes();
  agreed.sender.vanishes();
  const { content, end } = await agreed.receiver.result;
  const { byeCode } = await agreed.sender.result;
  const isDelivered = end === "complete";
  // Of an infected file nothing may have arrived; of a clean one its beginning, or all of it.
  const mayHave = infected ? Buffer.alloc(0) : bytes;
  const isRight = content.equals(mayHave.subarray(0, content.length));
  const isTrue = !isDelivered || content.length === bytes.length;
  return {
    fault: isRight && isTrue ? undefined : `${name}: ${end} with ${content.length} bytes`,
    isDelivered,
    isOwed: !isDelivered && byeCode === BYE_RECEIVED,
  };
}
