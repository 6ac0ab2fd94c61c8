// Opens the I_MESSAGEs in which clients upload their CSKs (TS 33.180 clauses 5.4, E.4): with the keys that our KMS gives the MC
// server's own identity, the MDSI, as it gives any user his.
//
// One per process, made before the Registrar starts. open() runs on any shard; the arithmetic, some 5 to 10 ms, in the KMS's
// pool. A message that was opened before costs none: its digest stands in the key's record; one that was refused stands in
// a small list of the shard for a minute.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/keys/kms.h"
#include "broker/registration/client_server_keys.h"
#include "core/base/result.h"
#include "core/runtime/task.h"

namespace claviger::registration {

// How old a message may be that was not seen before, and how far ahead a client's clock may be.
inline constexpr std::int64_t kMessageAgeMax = 3600;
inline constexpr std::int64_t kClockAheadMax = 300;
// A domain's present generation and the one before it, which clients may still encrypt to.
inline constexpr std::size_t kGenerationsTried = 2;
inline constexpr std::int64_t kRefusedKept = 60;
inline constexpr std::size_t kRefusedMax = 1024;

struct UploadedKey {
  ClientServerKeyRef record;  // not put yet; of version 0 even where it is stored already
  BodyKeyRef key;
};

struct Upload {
  std::string message;  // binary
  std::string impu;
  // Who may have sent it, where the message has UIDs instead of URIs: as their keys were issued.
  std::vector<std::string> candidates;
};

class CskOpener {
 public:
  CskOpener(keys::Kms& kms, std::size_t shards) : kms_(kms), refused_(shards) {}
  CskOpener(const CskOpener&) = delete;
  CskOpener& operator=(const CskOpener&) = delete;

  // CskInvalid: whatever is wrong with the message, which the log tells; Overload; what the store and sealing say.
  runtime::Task<Result<UploadedKey>> open(Registrar* registrar, std::shared_ptr<const Upload> upload);

 private:
  runtime::Task<Result<UploadedKey>> open_anew(Registrar* registrar, std::shared_ptr<const Upload> upload);

  keys::Kms& kms_;
  std::vector<std::map<std::string, std::int64_t, std::less<>>> refused_;  // by shard: digest and until when
};

}  // namespace claviger::registration
