import t from 'tap';
import { retryAfterMs, verdictOf, verdictOfError } from '../../src/net/verdict.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const answer = (status: number, headers = {}, text = '') => ({ status, headers, text });

t.test('which answers are fine, tried again, or refusals', async (t) => {
  const kinds: Record<string, number[]> = {
    ok: [200, 201, 202, 203, 204, 205],
    retry: [206, 301, 302, 408, 429, 500, 502, 503, 504, 599],
    drop: [400, 401, 403, 404, 413, 422],
  };
  for (const [kind, statuses] of Object.entries(kinds))
    for (const status of statuses) t.equal(verdictOf(answer(status), { now: NOW }).kind, kind, String(status));
});

t.test('an output may have its own refusals', async (t) => {
  const rules = { now: NOW, refuses: (status: number) => status === 400 };
  t.equal(verdictOf(answer(400), rules).kind, 'drop');
  t.equal(verdictOf(answer(404), rules).kind, 'retry');
});

t.test('Retry-After in seconds and as a date', async (t) => {
  t.equal(retryAfterMs('120', NOW), 120_000);
  t.equal(retryAfterMs('Thu, 01 Jan 2026 00:01:00 GMT', NOW), 60_000);
  t.equal(retryAfterMs('Wed, 31 Dec 2025 00:00:00 GMT', NOW), 0);
  t.equal(retryAfterMs(['5', '9'], NOW), 5000);
  for (const text of [undefined, '', 'soon', '-5']) t.equal(retryAfterMs(text, NOW), undefined, String(text));
  t.same(verdictOf(answer(503, { 'retry-after': '1' }), { now: NOW }), {
    kind: 'retry',
    reason: 'HTTP status 503',
    afterMs: 1000,
  });
});

t.test('a quotation is one short line', async (t) => {
  const verdict = verdictOf(answer(400, {}, `a\n b${'x'.repeat(1000)}`), { now: NOW, quote: true });
  t.match(verdict, { reason: /^HTTP status 400: a bx+\.\.\.$/ });
  t.ok(verdict.kind === 'drop' && verdict.reason.length < 230);
});

t.test('an error says what the system said', async (t) => {
  t.same(verdictOfError(new Error('fetch failed', { cause: new Error('ECONNRESET') })), {
    kind: 'retry',
    reason: 'fetch failed: ECONNRESET',
  });
  t.same(verdictOfError(new AggregateError([new Error('connect ECONNREFUSED ::1:80')], '')), {
    kind: 'retry',
    reason: 'connect ECONNREFUSED ::1:80',
  });
  t.match(verdictOfError('text'), { reason: 'text' });
});
