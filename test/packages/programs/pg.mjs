import pg from 'pg';
import { busy } from './busy.mjs';

const { PG_PORT, PG_FOLDER } = process.env;
const tcp = {
  host: '127.0.0.1',
  port: Number(PG_PORT),
  user: 'test',
  password: 'secret',
  database: 'postgres',
};
for (const where of [
  tcp,
  { ...tcp, ssl: { rejectUnauthorized: false } },
  { ...tcp, host: PG_FOLDER },
]) {
  const client = new pg.Client(where);
  await client.connect();
  const { rows } = await client.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()');
  console.log(rows);
  await client.query('create temporary table t (id int primary key, word text)');
  await client.query('insert into t values (1, $1), (2, $2)', ['one', 'x'.repeat(1_000_000)]);
  console.log((await client.query('select id, length(word) from t order by id')).rows);
  console.log((await client.query('select word from t where id = 2')).rows[0].word.length);
  console.log(await client.query('select nonsense').catch(({ code }) => code));
  const notified = new Promise((resolve) =>
    client.once('notification', ({ payload }) => resolve(payload)),
  );
  await client.query('listen news');
  await client.query("notify news, 'hello'");
  console.log(await notified);
  await client.end();
}
const pool = new pg.Pool({ ...tcp, max: 5 });
const sums = await Promise.all(
  Array.from({ length: 50 }, (_, i) => pool.query('select $1::int + 1 as n', [i])),
);
console.log(sums.reduce((sum, { rows }) => sum + rows[0].n, 0));
await busy(async () => {
  await Promise.all(Array.from({ length: 3000 }, () => pool.query('select 1')));
});
await pool.end();
