// A plain relay (RFC 6733 clause 2.8.1): requests go on as they are, by Destination-Host and Destination-Realm.
//
// A Handler to be served for kRelayApplication or for single commands; alive as long as its node.
#pragma once

#include "core/diameter/request.h"

namespace claviger::diameter {

class Relay final : public Handler {
 public:
  // All attempts of one request; senders give up after some five seconds.
  explicit Relay(Milliseconds total = Milliseconds(4'200), Milliseconds attempt = Milliseconds(1'800))
      : total_(total), attempt_(attempt) {}
  void handle(Request& request) override;

 private:
  Milliseconds total_;
  Milliseconds attempt_;
};

}  // namespace claviger::diameter
