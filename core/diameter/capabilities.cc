#include "core/diameter/capabilities.h"

#include <netinet/in.h>

#include <algorithm>

#include "core/diameter/peer_table.h"

namespace claviger::diameter {
namespace {

// Applications of one peer that we look at; more is not a peer.
constexpr std::size_t kApplicationsReadMax = 128;

// RFC 6733 clause 4.3.1: an address family number, then the address.
void add_address(MessageBuilder& builder, const net::Address& address) {
  std::array<std::byte, 18> bytes{};
  if (address.family() == AF_INET) {
    bytes[1] = std::byte{1};
    std::memcpy(bytes.data() + 2, &reinterpret_cast<const sockaddr_in*>(address.data())->sin_addr, 4);
    builder.octets(avp::kHostIpAddress, Bytes(bytes).first(6));
  } else if (address.family() == AF_INET6) {
    bytes[1] = std::byte{2};
    std::memcpy(bytes.data() + 2, &reinterpret_cast<const sockaddr_in6*>(address.data())->sin6_addr, 16);
    builder.octets(avp::kHostIpAddress, bytes);
  }
}

void add_once(std::vector<std::uint32_t>& list, std::uint32_t value) {
  if (list.size() < kApplicationsReadMax && std::ranges::find(list, value) == list.end()) list.push_back(value);
}

}  // namespace

void add_capabilities(MessageBuilder& builder, const NodeOptions& node, std::uint32_t origin_state) {
  builder.origin(node.identity, node.realm);
  for (const net::Address& address : node.addresses) add_address(builder, address);
  builder.u32(avp::kVendorId, node.vendor).text(avp::kProductName, node.product);
  builder.u32(avp::kOriginStateId, origin_state);
  std::vector<std::uint32_t> vendors;
  for (const Application& application : node.applications) {
    if (application.vendor != 0) add_once(vendors, application.vendor);
  }
  for (const std::uint32_t vendor : vendors) builder.u32(avp::kSupportedVendorId, vendor);
  for (const Application& application : node.applications) builder.u32(avp::kAuthApplicationId, application.id);
  for (const Application& application : node.applications) {
    if (application.vendor != 0) builder.vendor_specific_application(application.vendor, application.id);
  }
}

Capabilities read_capabilities(const Message& message) {
  Capabilities read;
  read.identity = lower(message.origin_host());
  read.realm = lower(message.origin_realm());
  read.origin_state = message.u32(avp::kOriginStateId).value_or(0);
  std::size_t securities = 0;
  bool takes_none = false;
  AvpWalk walk = message.walk();
  while (const auto avp = walk.next()) {
    if (avp->is(avp::kAuthApplicationId) || avp->is(avp::kAcctApplicationId)) {
      if (const auto id = avp->u32()) add_once(read.applications, *id);
    } else if (avp->is(avp::kVendorSpecificApplicationId)) {
      AvpWalk group(avp->data());
      while (const auto child = group.next()) {
        if (!child->is(avp::kAuthApplicationId) && !child->is(avp::kAcctApplicationId)) continue;
        if (const auto id = child->u32()) add_once(read.applications, *id);
      }
    } else if (avp->is(avp::kInbandSecurityId)) {
      ++securities;
      takes_none = takes_none || avp->u32() == 0U;
    }
  }
  read.wants_inband_tls = securities > 0 && !takes_none;
  return read;
}

std::vector<std::uint32_t> common_applications(const NodeOptions& node, const Capabilities& peer) {
  const auto has_relay = [](const auto& list) { return std::ranges::find(list, kRelayApplication) != list.end(); };
  std::vector<std::uint32_t> ours;
  for (const Application& application : node.applications) ours.push_back(application.id);
  if (has_relay(peer.applications)) return {kRelayApplication};
  if (has_relay(ours)) return peer.applications;
  std::vector<std::uint32_t> common;
  for (const std::uint32_t id : ours) {
    if (std::ranges::find(peer.applications, id) != peer.applications.end()) common.push_back(id);
  }
  return common;
}

}  // namespace claviger::diameter
