/**
 * Where a worker thread's module lies, seen from the module that starts it: same folder, and the extension of that
 * module itself. From a checkout that is `.ts` (type stripping), from the built package `.js`; tsc rewrites the
 * extensions of imports, but not of `new Worker(new URL("./x.ts"))`.
 *
 * @param importMetaUrl `import.meta.url` of the caller
 * @param name file name of the worker without extension, e.g. "journal-worker"
 */
export function workerEntry(importMetaUrl: string, name: string): URL {
  const extension = new URL(importMetaUrl).pathname.endsWith(".ts") ? ".ts" : ".js";
  return new URL(`./${name}${extension}`, importMetaUrl);
}
