/** Lets everything else that waits in this thread have its turn: for long loops, and before a write that a reply may forestall. */
export async function nextTurn(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}
