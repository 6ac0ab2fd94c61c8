// What the room counts: of one shard, written there alone, read by any (core/base/counter.h).
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

#include "core/base/code.h"
#include "core/base/counter.h"

namespace claviger::registration {

// Why somebody was refused, in the few words that an operator tells apart.
enum class Refusal : std::uint8_t { Token, Protection, Unknown, Malformed, Overload };
inline constexpr std::size_t kRefusals = 5;
std::string_view name_of(Refusal refusal);
Refusal refusal_of(Code code);

struct ServiceFigures {
  Counter authorised, published, subscribed, notified, notify_failed, ended;
  std::array<Counter, kRefusals> refused;
};

class RegistrarFigures {
 public:
  explicit RegistrarFigures(std::size_t services)
      : services_(services), by_service_(new ServiceFigures[services + 1]) {}

  Counter registered, deregistered;
  // By Services::index_of(); the last one stands for requests that name no service.
  ServiceFigures& of(std::size_t service) { return by_service_[service < services_ ? service : services_]; }
  const ServiceFigures& of(std::size_t service) const { return by_service_[service < services_ ? service : services_]; }

 private:
  std::size_t services_;
  std::unique_ptr<ServiceFigures[]> by_service_;
};

}  // namespace claviger::registration
