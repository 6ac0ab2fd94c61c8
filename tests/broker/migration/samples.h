// An agreement and bindings that are good, for tests to spoil.
#pragma once

#include <string>

#include "broker/migration/agreement.h"
#include "broker/migration/binding.h"

namespace claviger::migration {

inline Agreement good_agreement() {
  Agreement one;
  one.system = "mc.home.example";
  one.own_system = "mc.here.example";
  one.partner = "home";
  one.services = {"mcptt"};
  one.inbound = Inbound::Both;
  one.outbound = Outbound::Listed;
  one.domains = {"home.example"};
  one.ranges = {"visitors.here.example"};
  one.realm = "home.example";
  one.core_hosts = {"agent.home.example"};
  one.mms_hosts = {"mms.home.example"};
  one.caller = "mms-home";
  return one;
}

inline Binding good_binding(const std::string& number = "1") {
  Binding one;
  one.system = "mc.home.example";
  one.partner_impi = "v" + number + "@visitors.here.example";
  one.partner_impus = {"sip:v" + number + "@visitors.here.example"};
  one.primary_impi = "u" + number + "@home.example";
  one.primary_impus = {"sip:u" + number + "@home.example"};
  return one;
}

inline Binding good_outbound(const std::string& number = "1") {
  Binding one;
  one.direction = Direction::Outbound;
  one.mode = Mode::Dynamic;
  one.state = BindingState::Prepared;
  one.system = "mc.home.example";
  one.primary_impi = "u" + number + "@here.example";
  one.primary_impus = {"sip:u" + number + "@here.example"};
  one.sub = "sub" + number;
  return one;
}

}  // namespace claviger::migration
