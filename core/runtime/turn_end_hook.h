// TurnEndHook: what its owner has the shard do once at the end of the present turn, however often it was asked for.
//
// Lives on one shard, a member of its owner; its destructor withdraws it.
#pragma once

namespace claviger::runtime {

class TurnEndHook {
 public:
  using Callback = void (*)(void* owner);
  TurnEndHook(Callback callback, void* owner) : callback_(callback), owner_(owner) {}
  TurnEndHook(const TurnEndHook&) = delete;
  TurnEndHook& operator=(const TurnEndHook&) = delete;
  ~TurnEndHook();

 private:
  friend class Shard;
  Callback callback_;
  void* owner_;
  TurnEndHook* next_ = nullptr;
  TurnEndHook** link_ = nullptr;
};

}  // namespace claviger::runtime
