#ifndef UVNET_BLOCK_LIST_H_
#define UVNET_BLOCK_LIST_H_

#include <napi.h>

namespace uvnet {

// The methods of lib/internal/block-list/block-list.ts: lists are ids of the environment's
// BlockListTable, addresses are texts.
void InitBlockList(Napi::Env env, Napi::Object exports);

}  // namespace uvnet

#endif  // UVNET_BLOCK_LIST_H_
