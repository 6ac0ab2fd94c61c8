// How an endpoint of this room becomes a route: it gets the shards' contexts, the CAPIF side and the links to peers
// beside its request.
#pragma once

#include <string_view>

#include "broker/identity/routes.h"
#include "broker/seal_keys/capif.h"
#include "core/http/router.h"
#include "core/runtime/task.h"

namespace claviger::exchange {
class PeerLinks;  // broker/exchange/peer_links.h
}

namespace claviger::seal_keys {

struct Room {
  identity::Contexts* contexts;
  Capif* capif;
  exchange::PeerLinks* links = nullptr;  // where endpoints ask peers
};
using Endpoint = runtime::Task<http::Response> (*)(Room, http::Request, http::PathValues);

inline void add_route(http::Router& router, const Room& room, http::Method method, std::string_view pattern,
                      std::size_t body_bytes_max, Endpoint endpoint) {
  http::Route route;
  route.method = method;
  route.pattern = pattern;
  route.body_bytes_max = body_bytes_max;
  route.handler = [room, endpoint](http::Request request, http::PathValues path) {
    return endpoint(room, std::move(request), std::move(path));
  };
  router.add(std::move(route));
}

}  // namespace claviger::seal_keys
