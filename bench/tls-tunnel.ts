/** Takes TCP connections and carries what they say by TLS to a port of this machine. Prints its own port. */
import { createServer, type AddressInfo } from "node:net";
import { connect } from "node:tls";

const server = createServer((clear) => {
  const secure = connect({
    host: "127.0.0.1",
    port: Number(process.argv[2]),
    // Made for this run; what is measured is what TLS costs.
    rejectUnauthorized: false,
  });
  clear.pipe(secure).pipe(clear);
  for (const socket of [clear, secure]) {
    socket.on("error", () => {
      clear.destroy();
      secure.destroy();
    });
  }
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
