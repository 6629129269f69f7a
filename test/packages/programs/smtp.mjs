// A mail over STARTTLS, which both ends turn to in the middle of the connection.
import { SMTPServer } from 'smtp-server';
import { once } from 'node:events';
import nodemailer from 'nodemailer';

const server = new SMTPServer({
  onAuth: ({ username, password }, session, callback) =>
    callback(null, username === 'user' && password === 'secret' ? { user: username } : undefined),
  async onData(stream, session, callback) {
    let size = 0;
    let head = '';
    for await (const chunk of stream) {
      if (head.length < 2000) head += chunk;
      size += chunk.length;
    }
    console.log(session.secure, session.user, /^Subject: .*$/m.exec(head)[0], size > 3_000_000);
    callback();
  },
});
server.on('error', ({ message }) => console.log('error', message));
await once(server.listen(0, '127.0.0.1'), 'listening');
const transport = nodemailer.createTransport({
  host: '127.0.0.1',
  port: server.server.address().port,
  requireTLS: true,
  tls: { rejectUnauthorized: false },
  auth: { user: 'user', pass: 'secret' },
});
for (const number of [1, 2]) {
  const { accepted, rejected } = await transport.sendMail({
    from: 'a@example.org',
    to: ['b@example.org', 'c@example.org'],
    subject: `number ${number}`,
    text: 'long line\n'.repeat(300_000),
  });
  console.log(accepted, rejected);
}
transport.close();
await new Promise((resolve) => server.close(resolve));
