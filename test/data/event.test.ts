import t from 'tap';
import { estimateBytes, type Fields, type LogEvent, NO_METADATA } from '../../src/data/event.ts';

const event = (body: Fields): LogEvent => ({ seconds: 0, nanos: 0, metadata: NO_METADATA, body });
const mapOf = (text: string): Fields => ({ pod: text.repeat(150), labels: { app: text } });

t.test('a frozen map counts in full in every event, whatever map came before it', (t) => {
  const small = Object.freeze(mapOf('a'));
  const large = Object.freeze(mapOf('abc'));
  const alone = (map: Fields) => estimateBytes(event({ log: 'x', kubernetes: { ...map } }));
  for (const map of [small, small, large, small, large, large])
    t.equal(estimateBytes(event({ log: 'x', kubernetes: map })), alone(map));
  t.end();
});

t.test('a map that is not frozen is counted anew when it has grown', (t) => {
  const map = mapOf('a');
  const before = estimateBytes(event({ kubernetes: map }));
  map.more = 'b'.repeat(100);
  t.ok(estimateBytes(event({ kubernetes: map })) >= before + 100);
  t.end();
});
