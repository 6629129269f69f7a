#include "sniff/sniffed_info.h"

#include "env/array_builder.h"

namespace uvnet {

napi_value SniffedInfo(napi_env env, const Sniffed& sniffed) {
  const ClientHello& hello = sniffed.hello;
  ArrayBuilder protocols(env);
  for (const std::string& name : hello.alpn_protocols) protocols.Latin1(name);
  ArrayBuilder versions(env);
  for (const uint16_t version : hello.versions) versions.Int(version);
  ArrayBuilder array(env);
  array.Int(static_cast<int>(sniffed.protocol));
  array.Latin1(hello.server_name);
  array.Value(protocols.Finish());
  array.Value(versions.Finish());
  return array.Finish();
}

}  // namespace uvnet
