import t from 'tap';
import { LuaError, LuaSyntaxError, LuaTimeout } from './errors.ts';
import { LuaState } from './state.ts';

function newState(print: (bytes: string) => void = () => {}, limitSeconds = 5): LuaState {
  let clock = 0;
  return new LuaState({
    limitSeconds,
    now: () => 0,
    // Every look at it is a second later, so that no test waits.
    monotonic: () => (clock += 1000),
    random: () => 0.5,
    folder: import.meta.dirname,
    write: print,
  });
}

/** What a script prints. */
function printed(code: string): string {
  let text = '';
  const state = newState((bytes) => {
    text += bytes;
  });
  state.run(state.compile(code, 'test'));
  return text.trimEnd();
}

const result = (expression: string): string => printed(`print(${expression})`);

t.test('numbers are doubles and print as in Lua 5.1', async (t) => {
  t.equal(
    result('10 / 2, 10 / 4, 2 ^ 53, 1e15, 0.1, -0.0, 1e100'),
    '5\t2.5\t9.007199254741e+15\t1e+15\t0.1\t-0\t1e+100',
  );
  t.equal(result('-7 % 3, 7 % -3, 5.5 % 2, 2 ^ 3 ^ 2, -2 ^ 2'), '2\t-2\t1.5\t512\t-4');
  t.equal(result('"10" + 5, "0x10" * 1, 1 / 0, -1 / 0'), '15\t16\tinf\t-inf');
  t.equal(
    result('tonumber("  12  "), tonumber("z", 36), tonumber("1 2"), tonumber(""), tonumber("1e2")'),
    '12\t35\tnil\tnil\t100',
  );
});

t.test('and, or and not work on all values; nil and false are false', async (t) => {
  t.equal(result('1 and 2, nil and 2, false or 3, nil or false, not nil, not 0'), '2\tnil\t3\tfalse\ttrue\tfalse');
});

t.test('functions return as many values as they like, and take as many', async (t) => {
  t.equal(result('select("#", (function() end)()), (function() return 1, 2 end)()'), '0\t1\t2');
  t.equal(result('#{(function() return 1, 2 end)(), 9}, #{((function() return 1, 2 end)())}'), '2\t1');
  t.equal(
    printed('local function f(...) local a, b = ... return b, select("#", ...) end print(f(1, nil, 3))'),
    'nil\t3',
  );
  t.equal(printed('local a, b, c = (function() return 1, 2 end)() a, b = b, a print(a, b, c)'), '2\t1\tnil');
  t.equal(printed('local i, t = 1, {} i, t[i] = i + 1, 20 print(i, t[1], t[2])'), '2\t20\tnil');
});

t.test('each turn of a loop has locals of its own', async (t) => {
  const code = 'local fs = {} for i = 1, 3 do local j = i fs[i] = function() j = j + 1 return j end end';
  t.equal(printed(`${code} print(fs[1](), fs[1](), fs[3]())`), '2\t3\t4');
  t.equal(
    printed('for i = 3, 1, -1 do for j = i, 10 do if j > 2 then break end print(i, j) end end'),
    '2\t2\n1\t1\n1\t2',
  );
  t.equal(printed('local n = 0 repeat local done = n == 2 n = n + 1 until done print(n)'), '3');
});

t.test('goto leaves a turn of a loop, and goes back', async (t) => {
  const code = 'for i = 1, 4 do if i % 2 == 0 then goto continue end print(i) ::continue:: end';
  t.equal(printed(code), '1\n3');
  t.equal(printed('local i = 1 ::again:: local n = i i = i + 1 if i < 4 then goto again end print(n)'), '3');
  t.equal(printed('while true do ::top:: break end goto done print("no") ::done:: print("yes")'), 'yes');
});

t.test('tables are lists and maps; the length is that of the list', async (t) => {
  t.equal(
    printed('local t = {} t[3] = "c" t[2] = "b" t[1] = "a" print(#t, table.concat(t)) t[#t] = nil print(#t)'),
    '3\tabc\n2',
  );
  t.equal(printed('local t = {1, 2, 3, x = 4} for k, v in pairs(t) do t[k] = nil end print(next(t), #t)'), 'nil\t0');
  t.equal(printed('local t = {a = 1, b = 2} local n = 0 for k in next, t do n = n + t[k] end print(n)'), '3');
  t.equal(result('table.concat({1, 2.5, "x"}, "-"), #{1, nil, 3}, table.maxn({[10] = 1})'), '1-2.5-x\t3\t10');
  const lists = 'local l = {3, 1, 2} table.sort(l, function(a, b) return a > b end) table.insert(l, 1, 9)';
  t.equal(
    printed(`${lists} print(table.concat(l), table.remove(l), table.remove(l, 1), #l, unpack(l))`),
    '9321\t1\t9\t2\t3\t2',
  );
});

t.test('metatables give tables operators, fields and a text', async (t) => {
  const meta = `local V = {} V.__index = V
    V.__add = function(a, b) return setmetatable({x = a.x + b.x}, V) end
    V.__eq = function(a, b) return a.x == b.x end V.__lt = function(a, b) return a.x < b.x end
    V.__call = function(self, y) return self.x + y end V.__tostring = function(a) return "V" .. a.x end
    V.__concat = function(a, b) return "both" end V.__unm = function(a) return "minus" end
    function V:get() return self.x end
    local a, b = setmetatable({x = 1}, V), setmetatable({x = 2}, V)`;
  const uses = 'tostring(a + b), a == b, a < b, a <= b, a(10), a .. b, -a, a:get()';
  t.equal(printed(`${meta} print(${uses})`), 'V3\tfalse\ttrue\ttrue\t11\tboth\tminus\t1');
  const writes = 'local t = setmetatable({}, {__newindex = function(t, k, v) rawset(t, k, v * 2) end})';
  t.equal(printed(`${writes} t.a = 2 t.a = 5 print(t.a)`), '5');
  t.equal(
    printed('local t = setmetatable({}, {__index = function(_, k) return k .. "!" end}) print(t.x, rawget(t, "x"))'),
    'x!\tnil',
  );
});

t.test('texts are bytes', async (t) => {
  t.equal(result('#"\\195\\169", "\\u{e9}" == "\\xc3\\xa9", ("\\195\\169"):byte(1, 2)'), '2\ttrue\t195\t169');
  t.equal(
    result('("hello"):sub(2, -2), ("abc"):reverse(), ("x"):rep(3, ","), ("aBc"):upper(), #[[\n\nx]]'),
    'ell\tcba\tx,x,x\tABC\t2',
  );
});

t.test('patterns match, capture and replace', async (t) => {
  t.equal(result('string.find("hello world", "o w"), string.find("a.b", ".", 1, true)'), '5\t2\t2');
  t.equal(result('string.match("2026-01-02", "(%d+)-(%d+)-(%d+)")'), '2026\t01\t02');
  t.equal(result('string.match("  trim  ", "^%s*(.-)%s*$"), string.match("hello", "()ll()")'), 'trim\t3\t5');
  t.equal(result('string.gsub("hello world", "(%w+) (%w+)", "%2 %1")'), 'world hello\t1');
  t.equal(result('string.gsub("abc", "", "-")'), '-a-b-c-\t4');
  t.equal(result('string.gsub("x y z", "%a", {x = "1", y = false})'), '1 y z\t3');
  t.equal(result('string.gsub("THE (quick) fox", "%f[%a]%a+", function(w) return #w end)'), '3 (5) 3\t3');
  t.equal(result('string.match("f(a(b)c)d", "%b()"), string.match("abXabc", "(%w+)X%1c")'), '(a(b)c)\tab');
  t.equal(printed('for k, v in ("a=1, b=2"):gmatch("(%w)=(%w)") do print(k, v) end'), 'a\t1\nb\t2');
  t.equal(result('("a-b]c^"):gsub("[%-%]^]", "."), ("x*y"):find("x*", 1, true)'), 'a.b.c.\t1\t2');
});

t.test('format is that of C', async (t) => {
  const format = '"%5d|%-5d|%05d|%x|%o|%c|%+d|% d|%5.2f|%e|%g|%10s|%.2s|%%"';
  t.equal(
    result(`string.format(${format}, 42, 42, -42, 255, 8, 65, 5, 5, 3.14159, 12345.678, 1e20, "hi", "abc")`),
    '   42|42   |-0042|ff|10|A|+5| 5| 3.14|1.234568e+04|1e+20|        hi|ab|%',
  );
  t.equal(result('string.format("%q", \'a"b\\n\')'), '"a\\"b\\\n"');
});

t.test('errors have the line, what was wrong, and can be caught', async (t) => {
  const caught = (code: string) => printed(`print(select(2, pcall(function()\n${code}\nend)))`);
  t.equal(caught('error("boom")'), 'test:2: boom');
  t.equal(caught('error("boom", 0)'), 'boom');
  t.equal(caught('local x\n\nreturn x.y'), "test:4: attempt to index local 'x' (a nil value)");
  t.equal(caught('return nothing.y'), "test:2: attempt to index global 'nothing' (a nil value)");
  t.equal(caught('local t = {} t.a.b = 1'), "test:2: attempt to index field 'a' (a nil value)");
  t.equal(caught('nothing()'), "test:2: attempt to call global 'nothing' (a nil value)");
  t.equal(caught('local t = {} t:nothing()'), "test:2: attempt to call method 'nothing' (a nil value)");
  t.equal(caught('return 1 < "x"'), 'test:2: attempt to compare number with string');
  t.equal(caught('return {} + 1'), 'test:2: attempt to perform arithmetic on a table value');
  t.match(caught('local function f() return 1 + f() end f()'), /stack overflow/);
  t.equal(result('pcall(error, {code = 1}), select(2, pcall(error, {code = 1})).code'), 'false\t1');
  t.equal(result('xpcall(error, function(e) return "handled" end)'), 'false\thandled');
  t.equal(result('pcall(error, "boom")'), 'false\tboom', 'called by pcall, it has no position');
  t.equal(result('xpcall(error, function(e) return e end, "boom")'), 'false\tboom');
  t.equal(result('coroutine.wrap(function() return pcall(error, "boom") end)()'), 'false\tboom');
  t.match(result('pcall(error, "boom", 2)'), /^false\t.+:1: boom$/);
});

t.test('coroutines yield out of nested calls, loops and pcall', async (t) => {
  const code = `local function each(n) for i = 1, n do coroutine.yield(i, i * i) end end
    for a, b in coroutine.wrap(function() pcall(each, 2) end) do print(a, b) end
    local co = coroutine.create(function(a) local b = coroutine.yield(a + 1) error("end " .. b) end)
    print(coroutine.resume(co, 1)) print(coroutine.status(co), coroutine.resume(co, "x")) print(coroutine.status(co))`;
  t.equal(printed(code), '1\t1\n2\t4\ntrue\t2\nsuspended\tfalse\ttest:3: end x\ndead');
});

t.test('a script that does not end is stopped, whatever it does', async (t) => {
  const loops = [
    'while true do end',
    'for i = 1, math.huge do end',
    'local function f() return f() end pcall(f) while true do pcall(f) end',
    '::a:: goto a',
    'repeat pcall(function() while true do end end) until false',
    'for w in ("x"):rep(1000000):gmatch("x") do end while true do end',
    'local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end',
    'table.sort({3, 2, 1}, function() while true do end end)',
    '("x"):gsub("x", function() while true do end end)',
  ];
  for (const code of loops) {
    const state = newState();
    t.throws(() => state.run(state.compile(code, 'loop')), LuaTimeout, code);
  }
  const state = newState();
  t.throws(() => state.run(state.compile('local s = "x" while true do s = s .. s end', 'grow')), LuaError);
});

t.test('what is no Lua is refused with its line', async (t) => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ['x = ', /t:1: unexpected symbol near '<eof>'/],
    ['if x then\n\n', /t:3: 'end' expected \(to close 'if' at line 1\) near '<eof>'/],
    ['function cb(tag, ts, record\nreturn 0 end', /t:2: '\)' expected near 'return'/],
    ['x = "abc', /unfinished string/],
    ['goto nowhere', /no visible label 'nowhere'/],
    ['break', /no loop to break/],
    ['return 1 2', /unexpected symbol/],
    ['local function f() return ... end', /cannot use '...' outside a vararg function/],
    [`x = ${'('.repeat(1000)}`, /too many syntax levels/],
  ];
  for (const [code, message] of refused) t.throws(() => newState().compile(code, 't'), { message }, code.slice(0, 40));
  t.throws(() => newState().compile('x = 1 = 2', 't'), LuaSyntaxError);
});

t.test('the libraries os, io, bit, math and require are there', async (t) => {
  t.equal(
    result(
      'os.date("!%Y-%m-%d %H:%M:%S", 86400), os.date("!*t", 0).year, os.time({year = 1970, month = 1, day = 2, hour = 12}) > 0',
    ),
    '1970-01-02 00:00:00\t1970\ttrue',
  );
  t.equal(
    result('bit.band(0xff, 0x0f), bit.bor(1, 4), bit.lshift(1, 31), bit.tohex(255), bit.bnot(0)'),
    '15\t5\t-2147483648\t000000ff\t-1',
  );
  t.equal(result('math.floor(-2.5), math.max(1, 3, 2), math.random(1, 10), math.modf(3.5)'), '-3\t3\t6\t3\t0.5');
  const dir = t.testdir({ 'mod.lua': 'return { name = ... }', 'lines.txt': 'one\ntwo\n3.5' });
  let text = '';
  const state = new LuaState({
    limitSeconds: 5,
    now: () => 0,
    monotonic: () => 0,
    random: () => 0,
    folder: dir,
    write: (bytes) => {
      text += bytes;
    },
  });
  const code = `print(require("mod").name, require("mod") == require("mod"), (pcall(require, "nothing")))
    local f = io.open("${dir}/lines.txt") print(f:read("*l", "*l", "*n")) f:close()
    for line in io.lines("${dir}/lines.txt") do io.write(line, ";") end print(io.open("${dir}/no"))
    local out = io.open("${dir}/out", "w") out:write("a", 1) out:close() print(io.open("${dir}/out"):read("*a"))`;
  state.run(state.compile(code, 't'));
  const [modules, read, lines, written] = text.split('\n');
  t.equal(modules, 'mod\ttrue\tfalse');
  t.equal(read, 'one\ttwo\t3.5');
  t.match(lines, /^one;two;3.5;nil\t.*\/no: No such file or directory\t2$/);
  t.equal(written, 'a1');
  t.match(result('pcall(os.execute, "ls"), pcall(os.exit)'), /false/);
});

t.test('code can be made at run time, with globals of its own', async (t) => {
  t.equal(
    result('load("return 1 + 1")(), loadstring("x =")'),
    '2\tnil\t[string "x ="]:1: unexpected symbol near \'<eof>\'',
  );
  t.equal(printed('local f = setfenv(loadstring("y = 5"), {}) f() print(y)'), 'nil');
  t.equal(printed('local env = {} load("y = 5", "c", "t", env)() print(y, env.y)'), 'nil\t5');
});
