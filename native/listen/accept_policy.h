#ifndef UVNET_ACCEPT_POLICY_H_
#define UVNET_ACCEPT_POLICY_H_

#include <napi.h>
#include <uv.h>

#include <cstdint>
#include <memory>
#include <string>

#include "block_list/block_rules.h"
#include "listen/limit_counters.h"
#include "stream/admission.h"

namespace uvnet {

// Why a connection was refused. `dropReasons` in lib/internal/listen/accept-policy.ts has the
// names.
enum class DropReason : uint8_t {
  kNone,
  kMaxConnections,
  kBlockList,
  kMaxPerAddress,
  kRate,
  kProxyPeer,     // the peer may not send a PROXY header
  kProxyHeader,   // no header, a malformed one, or the peer closed before it was complete
  kProxyTimeout,  // no complete header in time
  kSniffTimeout,  // the first bytes did not show the protocol in time
  kSniffEnded,    // the peer left without a byte, or by a reset
  kNoTarget,      // JavaScript has chosen no server for it
  kCount,
};

// Checks connections before anything is allocated for them, and counts them.
//
// A policy belongs to one JavaScript server. Lists and limits may change at any time, even while
// the server listens. A change applies from the next connection on.
//
// Life: references are held by the server's object, by its listener and by every admission, because
// connections may outlive both. A policy belongs to one environment and one thread, so it needs no
// atomics. Only the counters may be shared with other threads.
class AcceptPolicy final : private Admission::Giver {
 public:
  enum class ProxyMode : uint8_t { kOff, kOptional, kRequire };

  static constexpr uint32_t kNoLimit = LimitCounters::kNoLimit;

  struct Stats {
    uint64_t accepted = 0;
    uint64_t accept_errors = 0;
    uint64_t open = 0;
    uint64_t dropped[static_cast<size_t>(DropReason::kCount)] = {};
    // Bytes of closed connections.
    uint64_t bytes_read = 0;
    uint64_t bytes_written = 0;
  };

  // With a name, it counts together with the other policies of this group in the process.
  explicit AcceptPolicy(const std::string& group = {}) : counters_(LimitCounters::Of(group)) {}
  AcceptPolicy(const AcceptPolicy&) = delete;
  AcceptPolicy& operator=(const AcceptPolicy&) = delete;

  void Retain() { ++references_; }
  void Release() {
    if (--references_ == 0) delete this;
  }

  // Limits -------------------------------------------------------------------
  void SetLimits(uint32_t connections, uint32_t per_address, unsigned ipv6_prefix) {
    limits_.connections = connections;
    limits_.per_address = per_address;
    limits_.ipv6_prefix = ipv6_prefix;
  }
  // A rate of 0 means no limit.
  void SetRate(double per_second, uint32_t burst);

  // Null: no address is blocked.
  std::shared_ptr<const BlockRules> block_list;

  ProxyMode proxy_mode = ProxyMode::kOff;
  // Null: all peers may send a header.
  std::shared_ptr<const BlockRules> trusted_proxies;
  uint64_t proxy_timeout = 0;  // milliseconds
  // Milliseconds in which the first bytes must show the protocol. 0: nobody looks at them.
  uint64_t sniff_timeout = 0;

  // Decisions ----------------------------------------------------------------
  // Determines whether a PROXY header is expected from this peer. Returns kProxyPeer if a header is
  // required but the peer is not trusted. Peers on Unix sockets are trusted: the mode of the path
  // decides who may connect.
  DropReason ExpectsProxy(const sockaddr* peer, bool* expects) const;

  // Checks a new connection. The address of the peer counts for the limit per address, unless the
  // address of the client (`via_proxy`) will be known later.
  DropReason Admit(const sockaddr* peer, bool via_proxy, Admission* admission);

  // Checks the client that the header of a load balancer names.
  DropReason AdmitClient(const sockaddr* client, Admission* admission);

  void CountAccepted() { ++stats_.accepted; }
  void CountDrop(DropReason reason) { ++stats_.dropped[static_cast<size_t>(reason)]; }
  void CountError() { ++stats_.accept_errors; }
  const Stats& stats() const { return stats_; }

  // Whether this policy has admitted the connection.
  bool Admitted(const Admission& admission) const { return admission.giver() == this; }

 private:
  ~AcceptPolicy() = default;

  void TakeBack(uint32_t ticket, uint64_t bytes_read, uint64_t bytes_written) override;

  uint32_t references_ = 1;
  LimitCounters::Limits limits_;
  const std::shared_ptr<LimitCounters> counters_;
  Stats stats_;
};

// The policy for a value that `policyNew` returned, or null.
AcceptPolicy* PolicyFrom(napi_env env, napi_value value);

}  // namespace uvnet

#endif  // UVNET_ACCEPT_POLICY_H_
