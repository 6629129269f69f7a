// What a terminal shows of an error that nobody catches.
import { runChild } from '../helpers/child';
import { uvnet } from '../helpers/implementations';

test('the line that threw is a short one', async () => {
  const { stderr, code } = await runChild(uvnet!, ({ net }) => net.createServer('x' as never));
  expect(code).toBe(1);
  expect(stderr).toMatch(/^TypeError \[ERR_INVALID_ARG_TYPE\]: The "options" argument/m);
  const longest = Math.max(...stderr.split('\n').map((line) => line.length));
  expect(longest).toBeLessThan(200);
});
