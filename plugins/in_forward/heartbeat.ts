/**
 * Fluentd's UDP heartbeat: a datagram to the port of the forward input, answered with a NUL byte. Whatever becomes of
 * it, the input goes on: a sender of today asks over TCP.
 */
import dgram from 'node:dgram';
import net from 'node:net';

const ANSWER = Buffer.from([0]);

export interface Heartbeat {
  stop(): void;
}

export function answerHeartbeats(host: string, port: number, onFailure: (reason: string) => void): Heartbeat {
  const socket = dgram.createSocket(net.isIPv6(host) ? 'udp6' : 'udp4');
  socket.on('error', (error) => onFailure(error.message));
  socket.on('message', (_bytes, from) => socket.send(ANSWER, from.port, from.address, () => undefined));
  socket.bind(port, host);
  return {
    stop: () => {
      // Closing throws where binding failed.
      socket.removeAllListeners('error').on('error', () => undefined);
      try {
        socket.close();
      } catch {
        // It was never open.
      }
    },
  };
}
