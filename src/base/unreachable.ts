/** Marks a branch that the compiler has shown to be impossible; reaching it is our bug. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
