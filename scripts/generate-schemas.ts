import { writeFileSync } from "node:fs";
import { configJsonSchema } from "../src/config/config-schema.ts";
import { ruleFileJsonSchema } from "../src/policy/schema.ts";

// Writes the JSON Schemas that editors use beside the rules. Run it after every change of a schema:
//   npx node scripts/generate-schemas.ts
// src/config/json-schemas.test.ts fails while they are stale.
const SCHEMAS = {
  "rules.schema.json": ruleFileJsonSchema(),
  "config.schema.json": configJsonSchema(),
};

for (const [name, schema] of Object.entries(SCHEMAS)) {
  const file = new URL(`../rules/${name}`, import.meta.url);
  writeFileSync(file, `${JSON.stringify(schema, undefined, 2)}\n`);
}
