// A listener in front of a service that keeps every byte that a browser sends.
import { connect, createServer } from 'node:net';

/** Starts it in front of the service at this address. */
export async function startRecorder(target) {
  const { hostname, port } = new URL(target);
  const chunks = [];
  const sockets = new Set();
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      // A browser breaks off connections that it does not need.
      socket.on('error', () => socket.destroy());
    }
    near.on('data', (chunk) => chunks.push(chunk));
    near.pipe(far).pipe(near);
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    sent: () => Buffer.concat(chunks).toString('latin1'),
    stop: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
