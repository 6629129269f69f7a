import mysql from 'mysql2/promise';
import { busy } from './busy.mjs';

const { MARIADB_PORT, MARIADB_PATH } = process.env;
const tcp = {
  host: '127.0.0.1',
  port: Number(MARIADB_PORT),
  user: 'test',
  password: 'secret',
  database: 'test',
};
const local = { socketPath: MARIADB_PATH, user: 'test', password: 'secret', database: 'test' };
for (const where of [tcp, { ...tcp, ssl: { rejectUnauthorized: false } }, local]) {
  const connection = await mysql.createConnection(where);
  const [[{ Value: cipher }]] = await connection.query("show status like 'Ssl_cipher'");
  console.log(cipher !== '');
  await connection.query('create or replace table t (id int primary key, word mediumtext)');
  await connection.query('insert into t values (1, "one"), (2, ?)', ['x'.repeat(500_000)]);
  const [rows] = await connection.execute(
    'select id, length(word) as size from t where id > ?',
    [0],
  );
  console.log(rows);
  const [[{ word }]] = await connection.query('select word from t where id = 2');
  console.log(word.length);
  console.log(await connection.query('select nonsense').catch(({ code }) => code));
  await connection.end();
}
const connection = await mysql.createConnection(tcp);
await busy(async () => {
  for (let i = 0; i < 3000; i++) await connection.query('select 1');
});
await connection.end();
