import t from 'tap';
import { readOptions } from '../../src/options.ts';
import { withAddress } from './address.ts';
import { options } from './options.ts';

const read = (url: string) => withAddress(readOptions(options, [{ key: 'url', value: url }]));

t.test('one URL gives host, port, path, TLS and user', async (t) => {
  t.match(read('http://loki:3100'), { host: 'loki', port: 3100, uri: '/loki/api/v1/push', tls: false });
  t.match(read('https://me:p%40ss@logs.example/push'), {
    ...{ host: 'logs.example', port: 443, uri: '/push', tls: true },
    ...{ http_user: 'me', http_passwd: 'p@ss' },
  });
  t.match(read('http://[::1]/'), { host: '::1', port: 80 });
  t.throws(() => read('loki:3100'), { name: 'OptionError' });
  t.throws(() => read('loki'), { name: 'OptionError' });
});

t.test('without it, everything stays as it was written', async (t) => {
  const given = readOptions(options, [{ key: 'host', value: 'loki' }]);
  t.equal(withAddress(given), given);
});
