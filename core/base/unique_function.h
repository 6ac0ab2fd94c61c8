// A function object that is moved, called, and never copied: std::move_only_function comes with C++23.
//
// Owned by one holder; what it captures must be movable without throwing. Small captures live inside it.
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

#include "core/base/assert.h"

namespace claviger {

template <typename Signature>
class UniqueFunction;

template <typename R, typename... Args>
class UniqueFunction<R(Args...)> {
 public:
  UniqueFunction() = default;
  template <typename F>
    requires(!std::is_same_v<std::decay_t<F>, UniqueFunction> && std::is_invocable_r_v<R, std::decay_t<F>&, Args...>)
  UniqueFunction(F&& function) {
    using Target = std::decay_t<F>;
    if constexpr (sizeof(Target) <= kInlineBytes && alignof(Target) <= alignof(std::max_align_t) &&
                  std::is_nothrow_move_constructible_v<Target>) {
      new (storage_) Target(std::forward<F>(function));
      actions_ = &kInline<Target>;
    } else {
      *reinterpret_cast<Target**>(storage_) = new Target(std::forward<F>(function));
      actions_ = &kHeap<Target>;
    }
  }
  UniqueFunction(UniqueFunction&& other) noexcept { take(other); }
  UniqueFunction& operator=(UniqueFunction&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  UniqueFunction(const UniqueFunction&) = delete;
  UniqueFunction& operator=(const UniqueFunction&) = delete;
  ~UniqueFunction() { reset(); }

  explicit operator bool() const { return actions_ != nullptr; }
  R operator()(Args... args) {
    CLAVIGER_ASSERT(actions_ != nullptr);
    return actions_->call(storage_, std::forward<Args>(args)...);
  }

 private:
  static constexpr std::size_t kInlineBytes = 48;  // a completer, a slice and a word: the usual message
  struct Actions {
    R (*call)(std::byte*, Args&&...);
    void (*move)(std::byte* from, std::byte* to) noexcept;
    void (*destroy)(std::byte*) noexcept;
  };
  template <typename Target>
  static Target* at(std::byte* storage) {
    return std::launder(reinterpret_cast<Target*>(storage));
  }
  template <typename Target>
  static constexpr Actions kInline{
      [](std::byte* storage, Args&&... args) -> R { return (*at<Target>(storage))(std::forward<Args>(args)...); },
      [](std::byte* from, std::byte* to) noexcept {
        new (to) Target(std::move(*at<Target>(from)));
        at<Target>(from)->~Target();
      },
      [](std::byte* storage) noexcept { at<Target>(storage)->~Target(); }};
  template <typename Target>
  static constexpr Actions kHeap{
      [](std::byte* storage, Args&&... args) -> R { return (**at<Target*>(storage))(std::forward<Args>(args)...); },
      [](std::byte* from, std::byte* to) noexcept { *reinterpret_cast<Target**>(to) = *at<Target*>(from); },
      [](std::byte* storage) noexcept { delete *at<Target*>(storage); }};

  void take(UniqueFunction& other) noexcept {
    actions_ = std::exchange(other.actions_, nullptr);
    if (actions_ != nullptr) actions_->move(other.storage_, storage_);
  }
  void reset() noexcept {
    if (const Actions* actions = std::exchange(actions_, nullptr)) actions->destroy(storage_);
  }

  const Actions* actions_ = nullptr;
  alignas(std::max_align_t) std::byte storage_[kInlineBytes];
};

}  // namespace claviger
