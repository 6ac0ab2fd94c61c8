// How many pushed requests a client has lying in the store (pushed_request.h): each is up to 16 KiB for 90 seconds, and a
// client whose secret leaked must not fill the disk with them.
//
// Part of DpopShard, its shard's alone: a shard gives each client its share of the whole. Two windows of the life of a
// request; one that was taken counts until its window ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/base/result.h"

namespace claviger::identity {

// Of one client over all shards: the browsers of a web application with 360 sign-ins a second.
inline constexpr std::size_t kPushedOfClientMax = 32'768;

class PushedCounts {
 public:
  explicit PushedCounts(std::int64_t window) : window_(window) {}

  // Overload: this client has `share` of them.
  Result<Unit> add(std::string_view tenant, std::string_view client_id, std::size_t share, std::int64_t now) {
    // Clients are registered by operators, not made by peers; two windows forget those that are gone.
    if (now - begun_at_ >= 2 * window_ || now < begun_at_) {
      past_.clear();
      present_.clear();
      begun_at_ = now;
    } else if (now - begun_at_ >= window_) {
      past_.swap(present_);
      present_.clear();
      begun_at_ = now;
    }
    std::string name(tenant);
    name.append(1, '\0').append(client_id);
    const auto before = past_.find(name);
    std::size_t& count = present_[std::move(name)];
    if (count + (before == past_.end() ? 0 : before->second) >= share) return Error{Code::Overload, "par.client"};
    ++count;
    return Unit{};
  }

 private:
  std::int64_t window_;
  std::int64_t begun_at_ = 0;
  std::unordered_map<std::string, std::size_t> present_;
  std::unordered_map<std::string, std::size_t> past_;
};

}  // namespace claviger::identity
