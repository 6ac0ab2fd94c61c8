// One question to the broker, asked again while it does not serve: as clients of a service do that must not give up.
//
// Connections that break and refusals for overload (503, 429) are waited out and counted; every other answer is the
// caller's to judge.
#pragma once

#include "tools/load/day/day.h"

namespace claviger::day {

struct Reply {
  int status = 0;  // 0: nobody answered in time, or the connection broke and the question may not be repeated
  http::ClientResponse response;
  const std::string& body() const { return response.body; }
};

enum class Repeat : std::uint8_t {
  Freely,     // the same question twice has the same effect as once
  IfRefused,  // not after a connection that broke: nobody knows what became of it
  Never
};

runtime::Task<Reply> ask(Day* day, Kind kind, http::ClientRequest request, Repeat repeat = Repeat::Freely);
// A pause between attempts that is not the same for all who were refused together.
runtime::Task<void> pause(Day* day, Milliseconds longest);
runtime::Task<Reply> ask_admin(Day* day, http::Method method, std::string path);

http::ClientRequest form_post(std::string url, std::string form);
http::ClientRequest with_token(http::Method method, std::string url, const std::string& token);

}  // namespace claviger::day
