import type { DatabaseSync } from "node:sqlite";

/** Runs in one write transaction. After a failure SQLite may leave it open; it must not swallow the next one. */
export function inTransaction<T>(db: DatabaseSync, run: () => T): T {
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = run();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}
