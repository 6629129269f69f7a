#include <uv.h>

#include <memory>
#include <string>
#include <vector>

#include "block_list/block_list_table.h"
#include "block_list/block_rules.h"
#include "block_list/rule_text.h"
#include "env/arguments.h"
#include "env/environment.h"
#include "env/js_call.h"
#include "env/modules.h"

namespace uvnet {

namespace {

// How many elements of an array are processed in one handle scope.
constexpr uint32_t kScopeSize = 1024;

// A short text without a heap allocation. A text that does not fit is not an address.
struct ShortText {
  char data[2 * kAddressTextSize];
  size_t length = 0;
};

bool ReadText(napi_env env, napi_value value, ShortText* text) {
  return napi_get_value_string_utf8(env, value, text->data, sizeof(text->data), &text->length) ==
         napi_ok;
}

// `family` is 4, 6, or 0 if the text determines it.
bool ParseWithFamily(const ShortText& text, int family, IpAddress* address) {
  return ParseIp(text.data, text.length, address) && (family == 0 || family == address->family);
}

bool ReadAddress(const Arguments& arguments, size_t text_index, int family, IpAddress* address) {
  ShortText text;
  return ReadText(arguments.env(), arguments.at(text_index), &text) &&
         ParseWithFamily(text, family, address);
}

const std::shared_ptr<BlockRules>& ListOf(const Arguments& arguments) {
  return BlockListTable::Of(arguments.environment()).Get(arguments.Int(0, -1));
}

void OnCollected(napi_env env, void*, void* hint) {
  // When the environment ends, it is destroyed before this runs, together with the table.
  Environment* environment = Environment::From(env);
  if (environment == nullptr) return;
  BlockListTable::Of(environment).Erase(static_cast<int>(reinterpret_cast<intptr_t>(hint)));
}

// Ties a list to the lifetime of its JavaScript object.
int Register(const Arguments& arguments, size_t owner_index, std::shared_ptr<BlockRules> rules) {
  BlockListTable& table = BlockListTable::Of(arguments.environment());
  const int id = table.Insert(std::move(rules));
  // The pointer stores the id itself, so no memory has to be freed.
  void* data =
      reinterpret_cast<void*>(static_cast<intptr_t>(id));  // NOLINT(performance-no-int-to-ptr)
  if (napi_add_finalizer(arguments.env(), arguments.at(owner_index), nullptr, OnCollected, data,
                         nullptr) != napi_ok) {
    table.Erase(id);
    return UV_EINVAL;
  }
  return id;
}

// (owner: object) -> id
napi_value New(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  return arguments.Return(Register(arguments, 0, std::make_shared<BlockRules>()));
}

// (id, text, family) -> 1 or 0. A text with a slash checks a whole subnet.
napi_value Check(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const std::shared_ptr<BlockRules>& rules = ListOf(arguments);
  ShortText text;
  if (rules == nullptr || !ReadText(env, arguments.at(1), &text)) return arguments.Return(0);
  const int family = arguments.Int(2, 0);
  IpAddress address;
  if (ParseWithFamily(text, family, &address)) return arguments.Return(rules->Contains(address));
  int prefix;
  if (!ParseCidr(text.data, text.length, &address, &prefix)) return arguments.Return(0);
  if (family != 0 && family != address.family) return arguments.Return(0);
  return arguments.Return(rules->Covers(address, prefix));
}

napi_value Change(const Arguments& arguments, const AddressRule& rule) {
  const std::shared_ptr<BlockRules>& rules = ListOf(arguments);
  if (rules == nullptr) return arguments.Return(UV_EINVAL);
  if (arguments.Bool(1)) {
    rules->Remove(rule);
  } else {
    rules->Add(rule);
  }
  return arguments.Return(0);
}

// (id, remove, text, family)
napi_value ChangeAddress(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  AddressRule rule;
  if (!ReadAddress(arguments, 2, arguments.Int(3, 0), &rule.first)) {
    return arguments.Return(UV_EINVAL);
  }
  return Change(arguments, rule);
}

// (id, remove, text, family, prefix)
napi_value ChangeSubnet(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  AddressRule rule;
  rule.kind = AddressRule::Kind::kSubnet;
  const int prefix = arguments.Int(4, -1);
  if (!ReadAddress(arguments, 2, arguments.Int(3, 0), &rule.first) || prefix < 0 ||
      prefix > (rule.first.family == 4 ? 32 : 128)) {
    return arguments.Return(UV_EINVAL);
  }
  rule.prefix = static_cast<uint8_t>(prefix);
  return Change(arguments, rule);
}

// (id, remove, first, last). UV_ERANGE if the end comes before the start.
napi_value ChangeRange(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  AddressRule rule;
  rule.kind = AddressRule::Kind::kRange;
  if (!ReadAddress(arguments, 2, 0, &rule.first) || !ReadAddress(arguments, 3, 0, &rule.last)) {
    return arguments.Return(UV_EINVAL);
  }
  const int order = Compare(rule.first, rule.last);
  // A range between the two families contains nothing that a list could block.
  if (order == 2) return arguments.Return(UV_EINVAL);
  if (order == 1 && !arguments.Bool(1)) return arguments.Return(UV_ERANGE);
  return Change(arguments, rule);
}

uint32_t ParseArray(napi_env env, napi_value array, uint32_t count,
                    std::vector<AddressRule>* rules) {
  rules->reserve(count);
  for (uint32_t start = 0; start < count; start += kScopeSize) {
    HandleScope scope(env);
    for (uint32_t i = start; i < count && i < start + kScopeSize; ++i) {
      napi_value value;
      ShortText text;
      AddressRule rule;
      if (napi_get_element(env, array, i, &value) != napi_ok || !ReadText(env, value, &text) ||
          !ParseRule(text.data, text.length, &rule)) {
        return i + 1;
      }
      rules->push_back(rule);
    }
  }
  return 0;
}

// (id, array of texts | text of a file) -> the number of rules, or the negative number of the first
// entry that is not a rule. In that case nothing is changed.
napi_value ChangeMany(napi_env env, napi_callback_info info, bool replace) {
  Arguments arguments(env, info);
  if (ListOf(arguments) == nullptr || !arguments.has(1)) return arguments.Return(UV_EINVAL);
  std::vector<AddressRule> rules;
  uint32_t count = 0;
  const uint32_t wrong = napi_get_array_length(env, arguments.at(1), &count) == napi_ok
                             ? ParseArray(env, arguments.at(1), count, &rules)
                             : ParseRules(arguments.String(1), &rules);
  if (wrong != 0) return arguments.ReturnNumber(-static_cast<double>(wrong));
  // A getter of the array may have changed the table of lists.
  const std::shared_ptr<BlockRules> list = ListOf(arguments);
  if (replace) {
    list->Replace(rules);
  } else {
    list->Add(rules);
  }
  return arguments.ReturnNumber(static_cast<double>(rules.size()));
}

napi_value AddMany(napi_env env, napi_callback_info info) { return ChangeMany(env, info, false); }

napi_value ReplaceMany(napi_env env, napi_callback_info info) {
  return ChangeMany(env, info, true);
}

napi_value Clear(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const std::shared_ptr<BlockRules>& rules = ListOf(arguments);
  if (rules != nullptr) rules->Clear();
  return arguments.Return(rules != nullptr ? 0 : UV_EINVAL);
}

napi_value Size(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const std::shared_ptr<BlockRules>& rules = ListOf(arguments);
  return arguments.ReturnNumber(rules == nullptr ? 0 : static_cast<double>(rules->size()));
}

napi_value Memory(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const std::shared_ptr<BlockRules>& rules = ListOf(arguments);
  return arguments.ReturnNumber(rules == nullptr ? 0 : static_cast<double>(rules->MemoryUsed()));
}

// (id) -> texts
napi_value Rules(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const std::shared_ptr<BlockRules>& list = ListOf(arguments);
  const std::vector<AddressRule> rules =
      list == nullptr ? std::vector<AddressRule>() : list->List();
  napi_value array;
  if (napi_create_array_with_length(env, rules.size(), &array) != napi_ok) return nullptr;
  for (size_t start = 0; start < rules.size(); start += kScopeSize) {
    HandleScope scope(env);
    for (size_t i = start; i < rules.size() && i < start + kScopeSize; ++i) {
      char text[kRuleTextSize];
      const size_t length = FormatRule(rules[i], text);
      napi_value value;
      if (napi_create_string_latin1(env, text, length, &value) != napi_ok ||
          napi_set_element(env, array, static_cast<uint32_t>(i), value) != napi_ok) {
        return nullptr;
      }
    }
  }
  return array;
}

// (id) -> token
napi_value Share(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  const std::shared_ptr<BlockRules>& rules = ListOf(arguments);
  if (rules == nullptr) return arguments.Return(UV_EINVAL);
  const std::string token = BlockRules::Share(rules);
  napi_value result;
  if (token.empty()) return arguments.Return(UV_EIO);
  return napi_create_string_latin1(env, token.data(), token.size(), &result) == napi_ok ? result
                                                                                        : nullptr;
}

// (owner: object, token) -> id, or UV_ENOENT
napi_value From(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  std::shared_ptr<BlockRules> rules = BlockRules::FindShared(arguments.String(1));
  if (rules == nullptr) return arguments.Return(UV_ENOENT);
  return arguments.Return(Register(arguments, 0, std::move(rules)));
}

}  // namespace

void InitBlockList(Napi::Env env, Napi::Object exports) {
  Define(env, exports, "blockListNew", New);
  Define(env, exports, "blockListCheck", Check);
  Define(env, exports, "blockListAddress", ChangeAddress);
  Define(env, exports, "blockListSubnet", ChangeSubnet);
  Define(env, exports, "blockListRange", ChangeRange);
  Define(env, exports, "blockListAddMany", AddMany);
  Define(env, exports, "blockListReplaceMany", ReplaceMany);
  Define(env, exports, "blockListClear", Clear);
  Define(env, exports, "blockListSize", Size);
  Define(env, exports, "blockListMemory", Memory);
  Define(env, exports, "blockListRules", Rules);
  Define(env, exports, "blockListShare", Share);
  Define(env, exports, "blockListFrom", From);
}

}  // namespace uvnet
