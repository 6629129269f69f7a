import Redis from 'ioredis';
import { busy } from './busy.mjs';

const { REDIS_PORT, REDIS_PATH } = process.env;
for (const where of [{ port: Number(REDIS_PORT), host: '127.0.0.1' }, { path: REDIS_PATH }]) {
  const redis = new Redis(where);
  await redis.flushall();
  console.log(await redis.set('key', 'value'), await redis.get('key'), await redis.get('none'));
  console.log(await redis.pipeline().incr('n').incr('n').exec());
  const big = Buffer.alloc(5_000_000, 'b');
  await redis.set('big', big);
  console.log((await redis.getBuffer('big')).equals(big));
  console.log(await redis.call('nonsense').catch(({ name }) => name));
  const subscriber = redis.duplicate();
  await subscriber.subscribe('news');
  const message = new Promise((resolve) => subscriber.once('message', (...all) => resolve(all)));
  await redis.publish('news', 'hello');
  console.log(await message);
  await Promise.all([redis.quit(), subscriber.quit()]);
}

const redis = new Redis({ port: Number(REDIS_PORT), host: '127.0.0.1' });
const ask = async (times) => {
  for (let i = 0; i < times; i++) await redis.get('key');
};
const inFlight = (times) => Promise.all(Array.from({ length: 100 }, () => ask(times)));
await inFlight(50);
await busy(() => inFlight(500));
await redis.quit();
