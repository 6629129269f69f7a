// Links: native/sniff/protocol.cc native/sniff/client_hello.cc

#include "../../native/sniff/protocol.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "check.h"

using uvnet::kMaxSniffed;
using uvnet::Protocol;
using uvnet::Sniffed;

namespace {

constexpr size_t kNever = SIZE_MAX;

struct Outcome {
  Sniffed sniffed;
  // How many bytes decided it.
  size_t decided = kNever;
};

// As the bytes arrive one by one, looking only when as many are there as were asked for; each look
// has a heap block of its exact size, so that a sanitizer sees a read beyond it.
Outcome Look(const std::string& bytes) {
  Outcome outcome;
  size_t wanted = 1;
  for (size_t size = 0; size <= bytes.size(); ++size) {
    std::unique_ptr<uint8_t[]> data(new uint8_t[size]);
    std::copy_n(bytes.begin(), size, data.get());
    size_t next = 0;
    const bool decided = uvnet::Sniff(data.get(), size, &outcome.sniffed, &next);
    if (decided) {
      // It was right to ask for no fewer.
      CHECK(size >= wanted);
      outcome.decided = size;
      return outcome;
    }
    CHECK(next > size);
    CHECK(next >= wanted);
    CHECK(next <= kMaxSniffed);
    wanted = next;
  }
  return outcome;
}

// The protocol, and that the decision stands whatever follows.
Protocol ProtocolOf(const std::string& bytes) {
  const Outcome outcome = Look(bytes);
  CHECK(outcome.decided != kNever);
  for (const std::string& rest : {std::string(), std::string(3, '\0'), std::string(40000, 'x')}) {
    const std::string all = bytes + rest;
    Sniffed sniffed;
    size_t wanted;
    CHECK(
        uvnet::Sniff(reinterpret_cast<const uint8_t*>(all.data()), all.size(), &sniffed, &wanted));
    CHECK_EQ(sniffed.protocol, outcome.sniffed.protocol);
    CHECK_EQ(sniffed.hello.server_name, outcome.sniffed.hello.server_name);
  }
  return outcome.sniffed.protocol;
}

bool IsUndecided(const std::string& bytes) { return Look(bytes).decided == kNever; }

std::string Number(size_t width, size_t value) {
  std::string out;
  while (width-- > 0) out += static_cast<char>(value >> (8 * width));
  return out;
}

std::string Vector(size_t width, const std::string& bytes) {
  return Number(width, bytes.size()) + bytes;
}

std::string Extension(size_t type, const std::string& bytes) {
  return Number(2, type) + Vector(2, bytes);
}

std::string HostName(const std::string& name) { return Number(1, 0) + Vector(2, name); }

std::string ServerName(const std::string& name) { return Extension(0, Vector(2, HostName(name))); }

std::string Alpn(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += Vector(1, name);
  return Extension(16, Vector(2, list));
}

std::string Versions(const std::vector<size_t>& versions) {
  std::string list;
  for (size_t version : versions) list += Number(2, version);
  return Extension(43, Vector(1, list));
}

struct Body {
  size_t version = 0x0303;
  std::string session_id = std::string(32, 'i');
  std::string ciphers = Number(2, 0x1301) + Number(2, 0xC02F);
  std::string compressions = std::string(1, '\0');
  std::string after;
};

std::string Message(const std::string& body, size_t type = 1) {
  return Number(1, type) + Vector(3, body);
}

std::string Beginning(const Body& body) {
  return Number(2, body.version) + std::string(32, 'r') + Vector(1, body.session_id) +
         Vector(2, body.ciphers) + Vector(1, body.compressions);
}

std::string HelloMessage(const std::string& extensions, const Body& body = {}) {
  return Message(Beginning(body) + Vector(2, extensions) + body.after);
}

// In records of at most so many bytes.
std::string Records(const std::string& message, size_t size = 16384, size_t version = 0x0301) {
  std::string out;
  for (size_t at = 0; at < message.size(); at += size) {
    out += Number(1, 22) + Number(2, version) + Vector(2, message.substr(at, size));
  }
  return out;
}

std::string Hello(const std::string& extensions, const Body& body = {}) {
  return Records(HelloMessage(extensions, body));
}

std::string NameIn(const std::string& bytes) {
  const Outcome outcome = Look(bytes);
  CHECK_EQ(outcome.sniffed.protocol, Protocol::kTls);
  return outcome.sniffed.hello.server_name;
}

bool IsTls(const std::string& bytes) { return ProtocolOf(bytes) == Protocol::kTls; }

}  // namespace

TEST(NamesOfProtocolsAreTold) {
  CHECK_EQ(ProtocolOf("GET / HTTP/1.1\r\n"), Protocol::kHttp1);
  CHECK_EQ(ProtocolOf("M-SEARCH * HTTP/1.1\r\n"), Protocol::kHttp1);
  CHECK_EQ(ProtocolOf("CONNECT [::1]:443 HTTP/1.0\r\n"), Protocol::kHttp1);
  CHECK_EQ(ProtocolOf("\r\nPOST http://a/?b HTTP/1.1\n"), Protocol::kHttp1);
  CHECK_EQ(ProtocolOf("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Protocol::kHttp2);
  CHECK_EQ(ProtocolOf("SSH-2.0-OpenSSH_9.2\r\n"), Protocol::kSsh);
  CHECK_EQ(ProtocolOf("SSH-1.99-x\r\n"), Protocol::kSsh);
  CHECK_EQ(ProtocolOf("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n"), Protocol::kProxy);
  CHECK_EQ(ProtocolOf(std::string("\r\n\r\n\0\r\nQUIT\n", 12)), Protocol::kProxy);
}

TEST(NothingIsDecidedByABeginningThatSeveralShare) {
  CHECK(IsUndecided(""));
  CHECK(IsUndecided("P"));
  CHECK(IsUndecided("PR"));
  CHECK(IsUndecided("SSH"));
  CHECK(IsUndecided("\r\n\r\n"));
  CHECK(IsUndecided("GET /a/long/target"));
  CHECK(IsUndecided("GET / HTTP/1."));
  CHECK(IsUndecided("PRI * HTTP/2.0\r\n\r\nSM\r\n\r"));
  CHECK_EQ(Look("PROXY TCP4").decided, size_t{6});
  CHECK_EQ(Look("GET / HTTP/1.1\r\n").decided, size_t{14});
}

TEST(OtherProtocolsAreUnknown) {
  CHECK_EQ(ProtocolOf("EHLO example.org\r\n"), Protocol::kUnknown);
  CHECK_EQ(ProtocolOf("SSH-3.0-x\r\n"), Protocol::kUnknown);
  CHECK_EQ(ProtocolOf("*1\r\n$4\r\nPING\r\n"), Protocol::kUnknown);
  CHECK_EQ(ProtocolOf("GET /\r\n"), Protocol::kUnknown);
  CHECK_EQ(ProtocolOf("GET  / HTTP/1.1\r\n"), Protocol::kUnknown);
  CHECK_EQ(ProtocolOf("GET / HTTP/2.0\r\n"), Protocol::kUnknown);
  CHECK_EQ(ProtocolOf("GET / HTTP/1.x\r\n"), Protocol::kUnknown);
  CHECK_EQ(ProtocolOf("PRI * HTTP/2.0\r\n\r\nSX"), Protocol::kUnknown);
  CHECK_EQ(ProtocolOf(std::string(1, '\0')), Protocol::kUnknown);
  CHECK_EQ(ProtocolOf("\xFF"), Protocol::kUnknown);
  // SSLv2, with and without padding in its record header.
  CHECK_EQ(ProtocolOf(std::string("\x80\x2E\x01\x03\x01", 5)), Protocol::kUnknown);
  CHECK_EQ(ProtocolOf(std::string("\x00\x2E\x00\x01\x03\x01", 6)), Protocol::kUnknown);
  // DTLS.
  CHECK_EQ(ProtocolOf(std::string("\x16\xFE\xFD\x00", 4)), Protocol::kUnknown);
}

TEST(WhatIsTooLongIsUnknown) {
  const std::string line = "GET /" + std::string(kMaxSniffed, 'x') + " HTTP/1.1\r\n";
  const Outcome outcome = Look(line);
  CHECK_EQ(outcome.decided, kMaxSniffed);
  CHECK_EQ(outcome.sniffed.protocol, Protocol::kUnknown);
  const std::string fits = "GET /" + std::string(kMaxSniffed - 14, 'x') + " HTTP/1.1\r\n";
  CHECK_EQ(ProtocolOf(fits), Protocol::kHttp1);
  CHECK_EQ(Look(fits).decided, kMaxSniffed);
}

TEST(AHelloTellsNameProtocolsAndVersions) {
  const Outcome outcome = Look(
      Hello(ServerName("example.org") + Alpn({"h2", "http/1.1"}) + Versions({0x0304, 0x0303})));
  CHECK_EQ(outcome.sniffed.protocol, Protocol::kTls);
  const uvnet::ClientHello& hello = outcome.sniffed.hello;
  CHECK_EQ(hello.server_name, "example.org");
  CHECK(hello.alpn_protocols == std::vector<std::string>({"h2", "http/1.1"}));
  CHECK(hello.versions == std::vector<uint16_t>({0x0304, 0x0303}));
}

TEST(AHelloIsReadWhole) {
  const std::string hello = Hello(ServerName("example.org"));
  CHECK_EQ(Look(hello + "more").decided, hello.size());
  CHECK(IsUndecided(hello.substr(0, hello.size() - 1)));
  size_t wanted = 0;
  Sniffed sniffed;
  const auto* data = reinterpret_cast<const uint8_t*>(hello.data());
  CHECK(!uvnet::Sniff(data, 1, &sniffed, &wanted));
  CHECK_EQ(wanted, size_t{2});
  CHECK(!uvnet::Sniff(data, 9, &sniffed, &wanted));
  CHECK_EQ(wanted, hello.size());
}

TEST(AHelloWithoutExtensionsIsOne) {
  for (const size_t version : {0x0300, 0x0301, 0x0303}) {
    Body body;
    body.version = version;
    const Outcome outcome = Look(Records(Message(Beginning(body))));
    CHECK_EQ(outcome.sniffed.protocol, Protocol::kTls);
    CHECK_EQ(outcome.sniffed.hello.server_name, "");
    CHECK(outcome.sniffed.hello.versions ==
          std::vector<uint16_t>({static_cast<uint16_t>(version)}));
  }
}

TEST(ALegacyVersionAloneIsAtMostTls12) {
  Body body;
  body.version = 0x0304;
  CHECK(Look(Hello("", body)).sniffed.hello.versions == std::vector<uint16_t>({0x0303}));
}

TEST(AHelloMayComeInAnyRecords) {
  const std::string message =
      HelloMessage(ServerName("fragmented.example") + Alpn({"h2"}) + Versions({0x0304}));
  for (size_t size = 1; size <= message.size() + 1; ++size) {
    const std::string bytes = Records(message, size);
    CHECK_EQ(NameIn(bytes), "fragmented.example");
    CHECK_EQ(Look(bytes).decided, bytes.size());
  }
}

TEST(WhatFollowsAHelloInItsRecordIsNotJudged) {
  const std::string message = HelloMessage(ServerName("a.example"));
  CHECK_EQ(NameIn(Records(message + std::string(7, 'x'))), "a.example");
}

TEST(RecordsOfAHelloAreChecked) {
  const std::string message = HelloMessage(ServerName("a.example"));
  std::string bytes = Records(message, 20);
  bytes[25] = 23;  // another type in between
  CHECK(!IsTls(bytes));
  bytes = Records(message);
  bytes[1] = 2;  // no version of TLS
  CHECK(!IsTls(bytes));
  bytes = Records(message);
  bytes[3] = bytes[4] = 0;  // nothing in it
  CHECK(!IsTls(bytes));
  bytes[3] = 0x40;  // longer than a record may be
  bytes[4] = 0x01;
  CHECK(!IsTls(bytes));
  CHECK(!IsTls(Records(Message("x", 2))));
  CHECK(IsTls(Records(message, 16384, 0x0303)));
  CHECK(IsTls(Records(message, 16384, 0x0300)));
}

TEST(AHelloAsLongAsARecordIsReadAndALongerOneIsUnknown) {
  const size_t rest = 16384 - HelloMessage(ServerName("a.example") + Extension(21, "")).size();
  const std::string longest =
      Hello(ServerName("a.example") + Extension(21, std::string(rest, '\0')));
  CHECK_EQ(longest.size(), kMaxSniffed);
  CHECK_EQ(NameIn(longest), "a.example");
  const std::string longer =
      Hello(ServerName("a.example") + Extension(21, std::string(rest + 1, '\0')));
  CHECK(!IsTls(longer));
  // It is known as soon as the length is.
  CHECK_EQ(Look(longer).decided, size_t{9});
  // Tiny records count, too.
  CHECK(!IsTls(Records(HelloMessage(Extension(21, std::string(4000, '\0'))), 1)));
}

TEST(LengthsInAHelloAreStrict) {
  Body body;
  body.after = "x";
  CHECK(!IsTls(Hello("", body)));
  body = Body();
  body.session_id = std::string(33, 'i');
  CHECK(!IsTls(Hello("", body)));
  body = Body();
  body.session_id = "";
  CHECK(IsTls(Hello("", body)));
  body.ciphers = "";
  CHECK(!IsTls(Hello("", body)));
  body.ciphers = "abc";
  CHECK(!IsTls(Hello("", body)));
  body = Body();
  body.compressions = "";
  CHECK(!IsTls(Hello("", body)));
  body = Body();
  body.version = 0x0203;
  CHECK(!IsTls(Hello("", body)));
  CHECK(!IsTls(Hello(Number(2, 0) + Number(2, 9) + "short")));
  CHECK(!IsTls(Hello("abc")));
  // Each message that is cut short, with a length that says so.
  const std::string whole = HelloMessage(ServerName("a.example") + Alpn({"h2"})).substr(4);
  const size_t without_extensions = Beginning(Body()).size();
  for (size_t size = 0; size < whole.size(); ++size) {
    CHECK_EQ(IsTls(Records(Message(whole.substr(0, size)))), size == without_extensions);
  }
}

TEST(ServerNamesAreNames) {
  const auto named = [](const std::string& name) { return Hello(ServerName(name)); };
  CHECK_EQ(NameIn(named("Example.ORG")), "example.org");
  CHECK_EQ(NameIn(named("example.org.")), "example.org");
  CHECK_EQ(NameIn(named("xn--bcher-kva.example")), "xn--bcher-kva.example");
  CHECK_EQ(NameIn(named("_dmarc.a-b.example")), "_dmarc.a-b.example");
  CHECK_EQ(NameIn(named("127.0.0.1")), "127.0.0.1");
  CHECK_EQ(NameIn(named(std::string(253, 'a'))), std::string(253, 'a'));
  CHECK(!IsTls(named(std::string(254, 'a'))));
  for (const std::string& name :
       {std::string(), std::string("."), std::string("a..b"), std::string(".a"), std::string("a.."),
        std::string("a\0b", 3), std::string("a\0", 2), std::string("a b"), std::string("a/b"),
        std::string("::1"),
        std::string("b\xFC"
                    "cher.example"),
        std::string("a\r\nb")}) {
    CHECK(!IsTls(named(name)));
  }
}

TEST(ListsOfServerNamesAreStrict) {
  const std::string one = HostName("a.example");
  CHECK_EQ(NameIn(Hello(Extension(0, Vector(2, Number(1, 7) + Vector(2, "?") + one)))),
           "a.example");
  CHECK(!IsTls(Hello(Extension(0, Vector(2, one + HostName("b.example"))))));
  CHECK(!IsTls(Hello(Extension(0, Vector(2, "")))));
  CHECK(!IsTls(Hello(Extension(0, ""))));
  CHECK(!IsTls(Hello(Extension(0, Vector(2, one) + "x"))));
  CHECK(!IsTls(Hello(Extension(0, Vector(2, one + "x")))));
  CHECK(!IsTls(Hello(ServerName("a.example") + ServerName("a.example"))));
}

TEST(ListsOfApplicationProtocolsAreStrict) {
  CHECK(!IsTls(Hello(Alpn({}))));
  CHECK(!IsTls(Hello(Alpn({"h2", ""}))));
  CHECK(!IsTls(Hello(Alpn({"h2"}) + Alpn({"h2"}))));
  CHECK(!IsTls(Hello(Extension(16, Vector(2, Vector(1, "h2")) + "x"))));
  CHECK(!IsTls(Hello(Extension(16, Vector(2, "\x05h2")))));
}

TEST(ListsOfVersionsAreStrict) {
  CHECK(!IsTls(Hello(Versions({}))));
  CHECK(!IsTls(Hello(Extension(43, Vector(1, "abc")))));
  CHECK(!IsTls(Hello(Versions({0x0304}) + Versions({0x0304}))));
}

TEST(GreaseAndEncryptedHellosAreTolerated) {
  Body body;
  body.ciphers = Number(2, 0x1A1A) + Number(2, 0x1301);
  const Outcome outcome = Look(
      Hello(Extension(0x2A2A, "") + ServerName("public.example") +
                Alpn({"\x3A\x3A", "h2", "\x3A\x4A"}) + Versions({0x4A4A, 0x0304, 0x7F1C, 0x0303}) +
                Extension(0xFE0D, std::string(239, 'e')) + Extension(0x5A5A, std::string(1, '\0')),
            body));
  CHECK_EQ(outcome.sniffed.protocol, Protocol::kTls);
  const uvnet::ClientHello& hello = outcome.sniffed.hello;
  CHECK_EQ(hello.server_name, "public.example");
  CHECK(hello.alpn_protocols == std::vector<std::string>({"h2", "\x3A\x4A"}));
  CHECK(hello.versions == std::vector<uint16_t>({0x0304, 0x0303}));
}

TEST(AMalformedHelloLeavesNothingBehind) {
  const Outcome outcome = Look(Hello(ServerName("a.example") + Alpn({""})));
  CHECK_EQ(outcome.sniffed.protocol, Protocol::kUnknown);
  CHECK_EQ(outcome.sniffed.hello.server_name, "");
}

TEST(RandomChangesOfAHelloAreJudgedAlikeInAnyPieces) {
  check::Random random(18);
  const std::string hello = Records(
      HelloMessage(ServerName("a.example") + Alpn({"h2", "http/1.1"}) + Versions({0x0304})), 60);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = hello;
    for (size_t i = 0, count = 1 + random.Below(3); i < count; ++i) {
      bytes[random.Below(bytes.size())] = static_cast<char>(random.Next());
    }
    Sniffed whole;
    size_t wanted;
    const bool decided =
        uvnet::Sniff(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), &whole, &wanted);
    const Outcome outcome = Look(bytes);
    CHECK_EQ(outcome.decided != kNever, decided);
    if (!decided) continue;
    CHECK_EQ(outcome.sniffed.protocol, whole.protocol);
    CHECK_EQ(outcome.sniffed.hello.server_name, whole.hello.server_name);
  }
}

int main() { return check::RunTests(); }
