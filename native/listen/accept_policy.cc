#include "listen/accept_policy.h"

#include <algorithm>

#include "block_list/block_list_table.h"
#include "env/arguments.h"
#include "env/modules.h"
#include "stream/stream.h"

namespace uvnet {

namespace {

// Whether a list (which may be null) covers an address. A list contains IP addresses only.
bool Lists(const BlockRules* list, const sockaddr* address) {
  if (list == nullptr) return false;
  IpAddress ip;
  return IpAddressOf(address, &ip) && list->Contains(ip);
}

DropReason ReasonOf(LimitCounters::Answer answer) {
  switch (answer) {
    case LimitCounters::Answer::kEntered: return DropReason::kNone;
    case LimitCounters::Answer::kTooMany: return DropReason::kMaxConnections;
    case LimitCounters::Answer::kTooManyOfAddress: return DropReason::kMaxPerAddress;
    case LimitCounters::Answer::kTooFast: break;
  }
  return DropReason::kRate;
}

}  // namespace

void AcceptPolicy::TakeBack(uint32_t ticket, uint64_t bytes_read, uint64_t bytes_written) {
  --stats_.open;
  stats_.bytes_read += bytes_read;
  stats_.bytes_written += bytes_written;
  counters_->Leave(ticket);
  Release();
}

void AcceptPolicy::SetRate(double per_second, uint32_t burst) {
  // NaN must not turn the limit off.
  limits_.has_rate = per_second != 0;
  if (limits_.has_rate) counters_->SetRate(per_second, burst);
}

DropReason AcceptPolicy::ExpectsProxy(const sockaddr* peer, bool* expects) const {
  *expects = false;
  if (proxy_mode == ProxyMode::kOff) return DropReason::kNone;
  const bool has_address = peer->sa_family == AF_INET || peer->sa_family == AF_INET6;
  *expects = trusted_proxies == nullptr || !has_address || Lists(trusted_proxies.get(), peer);
  return *expects || proxy_mode == ProxyMode::kOptional ? DropReason::kNone
                                                        : DropReason::kProxyPeer;
}

DropReason AcceptPolicy::Admit(const sockaddr* peer, bool via_proxy, Admission* admission) {
  if (counters_->IsFull(limits_)) return DropReason::kMaxConnections;
  if (Lists(block_list.get(), peer)) return DropReason::kBlockList;
  const DropReason reason =
      ReasonOf(counters_->Enter(limits_, via_proxy ? nullptr : peer, &admission->ticket_));
  if (reason != DropReason::kNone) return reason;
  Retain();
  admission->giver_ = this;
  ++stats_.open;
  return DropReason::kNone;
}

DropReason AcceptPolicy::AdmitClient(const sockaddr* client, Admission* admission) {
  if (Lists(block_list.get(), client)) return DropReason::kBlockList;
  return ReasonOf(counters_->EnterAddress(limits_, client, &admission->ticket_));
}

// Methods ---------------------------------------------------------------------

AcceptPolicy* PolicyFrom(napi_env env, napi_value value) {
  void* data = nullptr;
  if (value == nullptr || napi_get_value_external(env, value, &data) != napi_ok) return nullptr;
  return static_cast<AcceptPolicy*>(data);
}

namespace {

// A limit from JavaScript: Infinity, NaN and values that are not numbers mean "no limit".
uint32_t Limit(const Arguments& arguments, size_t index) {
  const double value = arguments.Double(index, -1);
  if (!(value >= 0 && value < AcceptPolicy::kNoLimit)) return AcceptPolicy::kNoLimit;
  const uint32_t whole = static_cast<uint32_t>(value);
  return whole < value ? whole + 1 : whole;
}

// (name of a group?)
napi_value PolicyNew(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  auto* policy = new AcceptPolicy(arguments.has(0) ? arguments.String(0) : std::string());
  napi_value result;
  const napi_status status = napi_create_external(
      env, policy, [](napi_env, void* data, void*) { static_cast<AcceptPolicy*>(data)->Release(); },
      nullptr, &result);
  if (status == napi_ok) return result;
  policy->Release();
  return nullptr;
}

// (policy, maxConnections, maxConnectionsPerAddress, IPv6 prefix); negative: no limit.
napi_value PolicyLimits(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  AcceptPolicy* policy = PolicyFrom(env, arguments.at(0));
  if (policy == nullptr) return arguments.Return(UV_EINVAL);
  policy->SetLimits(Limit(arguments, 1), Limit(arguments, 2),
                    static_cast<unsigned>(arguments.Int(3, PerAddressLimiter::kDefaultIPv6Prefix)));
  return arguments.Return(0);
}

// (policy, perSecond, burst); a rate of 0 means no limit.
napi_value PolicyRate(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  AcceptPolicy* policy = PolicyFrom(env, arguments.at(0));
  if (policy == nullptr) return arguments.Return(UV_EINVAL);
  policy->SetRate(arguments.Double(1), Limit(arguments, 2));
  return arguments.Return(0);
}

// (policy, mode, header timeout in ms)
napi_value PolicyProxy(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  AcceptPolicy* policy = PolicyFrom(env, arguments.at(0));
  if (policy == nullptr) return arguments.Return(UV_EINVAL);
  policy->proxy_mode = static_cast<AcceptPolicy::ProxyMode>(arguments.Int(1));
  policy->proxy_timeout = static_cast<uint64_t>(arguments.Double(2));
  return arguments.Return(0);
}

// (policy, ms); 0: nobody looks at the first bytes.
napi_value PolicySniff(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  AcceptPolicy* policy = PolicyFrom(env, arguments.at(0));
  if (policy == nullptr) return arguments.Return(UV_EINVAL);
  policy->sniff_timeout = static_cast<uint64_t>(arguments.Double(1));
  return arguments.Return(0);
}

// (policy, DropReason): counts a connection for which JavaScript has made the decision. kNone: it
// was accepted.
napi_value PolicyCount(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  AcceptPolicy* policy = PolicyFrom(env, arguments.at(0));
  const int reason = arguments.Int(1, -1);
  if (policy == nullptr || reason < 0 || reason >= static_cast<int>(DropReason::kCount)) {
    return arguments.Return(UV_EINVAL);
  }
  if (reason == static_cast<int>(DropReason::kNone)) {
    policy->CountAccepted();
  } else {
    policy->CountDrop(static_cast<DropReason>(reason));
  }
  return arguments.Return(0);
}

// (policy, block list, trusted proxies): ids of lists; -1 for no list.
napi_value PolicyLists(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  AcceptPolicy* policy = PolicyFrom(env, arguments.at(0));
  if (policy == nullptr) return arguments.Return(UV_EINVAL);
  const BlockListTable& lists = BlockListTable::Of(arguments.environment());
  policy->block_list = lists.Get(arguments.Int(1, -1));
  policy->trusted_proxies = lists.Get(arguments.Int(2, -1));
  return arguments.Return(0);
}

const Stream* OfPolicy(const Handle* handle, const AcceptPolicy* policy) {
  const auto* stream = static_cast<const Stream*>(handle);
  return stream->alive() && policy->Admitted(stream->admission()) ? stream : nullptr;
}

// (policy, Float64Array): fills in, in this order: accepted, accept errors, open, bytes read, bytes
// written, and the numbers of dropped connections by reason.
napi_value PolicyStats(napi_env env, napi_callback_info info) {
  constexpr size_t kFixed = 5;
  Arguments arguments(env, info);
  const AcceptPolicy* policy = PolicyFrom(env, arguments.at(0));
  constexpr size_t kReasons = static_cast<size_t>(DropReason::kCount);
  auto* const out = Numbers<double>(env, arguments.at(1), kFixed + kReasons);
  if (policy == nullptr || out == nullptr) return arguments.Return(UV_EINVAL);
  const AcceptPolicy::Stats& stats = policy->stats();
  uint64_t bytes_read = stats.bytes_read;
  uint64_t bytes_written = stats.bytes_written;
  // The bytes of open connections are counted here, so that their data path has no extra cost.
  for (Handle* at = arguments.environment()->first_handle(); at != nullptr; at = at->next()) {
    const Stream* stream = OfPolicy(at, policy);
    if (stream == nullptr) continue;
    bytes_read += stream->bytes_read();
    bytes_written += stream->bytes_written();
  }
  out[0] = static_cast<double>(stats.accepted);
  out[1] = static_cast<double>(stats.accept_errors);
  out[2] = static_cast<double>(stats.open);
  out[3] = static_cast<double>(bytes_read);
  out[4] = static_cast<double>(bytes_written);
  for (size_t i = 0; i < kReasons; ++i) {
    out[kFixed + i] = static_cast<double>(stats.dropped[i]);
  }
  return arguments.Return(0);
}

// (policy, ms): the ids of its connections that have moved no byte for this time. The state gets
// the number of ms until the next one reaches this time, or -1.
napi_value PolicyIdle(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const AcceptPolicy* policy = PolicyFrom(env, arguments.at(0));
  napi_value ids;
  if (policy == nullptr || napi_create_array(env, &ids) != napi_ok) return nullptr;
  const double idle = arguments.Double(1);
  const uint64_t now = uv_now(arguments.environment()->loop());
  uint32_t count = 0;
  double next = -1;
  for (Handle* at = arguments.environment()->first_handle(); at != nullptr; at = at->next()) {
    const Stream* stream = OfPolicy(at, policy);
    if (stream == nullptr || stream->id() < 0) continue;
    const double left = idle - static_cast<double>(now - stream->last_activity());
    if (left > 0) {
      next = next < 0 ? left : std::min(next, left);
      continue;
    }
    if (napi_set_element(env, ids, count, arguments.Return(stream->id())) == napi_ok) ++count;
  }
  arguments.environment()->SetState(static_cast<int32_t>(next), 0);
  return ids;
}

}  // namespace

void InitAcceptPolicy(Napi::Env env, Napi::Object exports) {
  Define(env, exports, "policyNew", PolicyNew);
  Define(env, exports, "policyLimits", PolicyLimits);
  Define(env, exports, "policyRate", PolicyRate);
  Define(env, exports, "policyLists", PolicyLists);
  Define(env, exports, "policyProxy", PolicyProxy);
  Define(env, exports, "policySniff", PolicySniff);
  Define(env, exports, "policyCount", PolicyCount);
  Define(env, exports, "policyStats", PolicyStats);
  Define(env, exports, "policyIdle", PolicyIdle);
}

}  // namespace uvnet
