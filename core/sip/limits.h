// Bounds of everything that a SIP peer can make large. Each has the reason beside it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/clock.h"

namespace claviger::sip {

// A request line with a public identity and parameters is some hundred bytes.
inline constexpr std::size_t kStartLineMax = 2 * 1024;
// An authorisation PUBLISH behind a handful of proxies has some 3 kB of headers.
inline constexpr std::size_t kHeaderBytesMax = 16 * 1024;
inline constexpr std::size_t kHeadersMax = 128;
// Token, settings, MIKEY message and signatures are 3 to 10 kB.
inline constexpr std::size_t kBodyBytesMax = 64 * 1024;
inline constexpr std::size_t kMessageBytesMax = kHeaderBytesMax + kBodyBytesMax;
// A part for each of three services and one of each kind beside them.
inline constexpr std::size_t kPartsMax = 16;
// multipart within message/sip within multipart.
inline constexpr std::size_t kPartDepthMax = 3;
// RFC 2046 clause 5.1.1.
inline constexpr std::size_t kBoundaryMax = 70;
// Contacts, routes, asserted identities of one header.
inline constexpr std::size_t kListMax = 64;

// RFC 3261 clause 17.1.1.1, on the ISC interface.
inline constexpr Milliseconds kT1{500};
inline constexpr Milliseconds kT2{4000};
inline constexpr Milliseconds kT4{5000};
inline constexpr Milliseconds kTimerF{64 * 500};
inline constexpr Milliseconds kTimerJ{64 * 500};

// Server transactions of one shard, most of them in Timer J, some 150 MB. Those over UDP, all on one shard, leave some to the
// streams: 7 100 requests a second for 32 s. Where several sources ask over it, one of them has 6 100; one alone has all but
// the room in which the next begins. A datagram's source may be forged: cores that others could stand in for come by TCP or TLS.
inline constexpr std::size_t kServerTransactionsMax = 262'144;
inline constexpr std::size_t kStreamTransactionsReserved = 32'768;
inline constexpr std::size_t kTransactionsOfSourceMax = 196'608;
// What is kept of their answers, which repeat what the requests say: a kilobyte each, and the same shares.
inline constexpr std::size_t kKeptBytesMax = 256 * 1024 * 1024;
inline constexpr std::size_t kKeptBytesOfSourceMax = 192 * 1024 * 1024;
// Answers in a second to datagrams from addresses that nobody trusts: for an operator who forgot one, and no use to who flooded.
inline constexpr std::uint32_t kRefusalsPerSecond = 50;
// Requests of ours under way from one shard: each waits 32 s at most.
inline constexpr std::size_t kClientTransactionsMax = 65'536;
// Connections of SIP cores, and our own to them; of these many neither kind can take the other's.
inline constexpr std::size_t kConnectionsMax = 4096;
inline constexpr std::size_t kConnectionsReserved = 512;
inline constexpr std::size_t kConnectionsOfSourceMax = 2048;
// Beside them: of who comes by TLS from an address that nobody trusts, until the handshake has shown his certificate.
inline constexpr std::size_t kStrangersMax = 256;
inline constexpr std::size_t kStrangersOfSourceMax = 32;
// Unsent answers and requests of one connection; beyond it the peer does not read.
inline constexpr std::size_t kUnsentBytesMax = 4 * 1024 * 1024;
// Between two messages of one connection; cores keep theirs open with CRLF (RFC 5626 clause 4.4.1).
inline constexpr Milliseconds kIdleMax{600'000};
// From the first byte of a message to its last.
inline constexpr Milliseconds kMessageMax{10'000};

}  // namespace claviger::sip
