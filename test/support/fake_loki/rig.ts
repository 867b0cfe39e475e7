/** The loki output and a Loki that checks what it gets, both at the beginning of 2026. */
import loki from '../../../plugins/out_loki/index.ts';
import { VirtualClock } from '../host.ts';
import { make } from '../plugin.ts';
import { FakeLoki, type Limits } from './server.ts';

export type Pairs = readonly (readonly [string, string])[];
export const LOKI_NOW = Date.UTC(2026, 0, 1);

/** An output that speaks to a Loki whose clock stands at the beginning of 2026. */
export async function lokiRig(
  t: { teardown(run: () => Promise<void>): void },
  pairs: Pairs,
  limits: Partial<Limits> = {},
) {
  const server = await new FakeLoki(limits, () => LOKI_NOW).start();
  const section: Pairs = [['Host', '127.0.0.1'], ['Port', String(server.port)], ...pairs];
  const { plugin, host } = await make(loki, section, { clock: new VirtualClock(LOKI_NOW) });
  await plugin.start?.();
  t.teardown(async () => {
    await plugin.stop?.();
    await server.stop();
  });
  return { server, plugin, host };
}
