import type { Endpoint } from "./flow.ts";

/**
 * Connections that peers have opened to us and offered for requests the other way (RFC 5923 §8.2 "alias table"): by the
 * address that they come from and the port where their Via says that they listen. Who may be believed is not known here;
 * `find` asks about each. A peer that is not believed takes nobody's place, for at one place there may be many.
 *
 * Limits: one place for each connection, so no more entries than connections.
 */
export class AliasTable<Connection extends { readonly remote: Endpoint }> {
  readonly #ports = new Map<Connection, number>();
  readonly #byPlace = new Map<string, Set<Connection>>();

  /** The peer of this connection listens at that port; said again with every request, which costs one look. */
  add(connection: Connection, port: number): void {
    const known = this.#ports.get(connection);
    if (known === port) return;
    if (known !== undefined) this.forget(connection);
    this.#ports.set(connection, port);
    const place = placeOf(connection.remote.address, port);
    const others = this.#byPlace.get(place);
    if (others === undefined) this.#byPlace.set(place, new Set([connection]));
    else others.add(connection);
  }

  /** To be called when a connection is gone. */
  forget(connection: Connection): void {
    const port = this.#ports.get(connection);
    if (port === undefined) return;
    this.#ports.delete(connection);
    const place = placeOf(connection.remote.address, port);
    const others = this.#byPlace.get(place);
    others?.delete(connection);
    if (others?.size === 0) this.#byPlace.delete(place);
  }

  /** The first that came from where `remote` listens and that `fits`. */
  find(remote: Endpoint, fits: (connection: Connection) => boolean): Connection | undefined {
    if (this.#ports.size === 0) return undefined;
    for (const connection of this.#byPlace.get(placeOf(remote.address, remote.port)) ?? []) {
      if (fits(connection)) return connection;
    }
    return undefined;
  }
}

function placeOf(address: string, port: number): string {
  return `${address}>${port}`;
}
