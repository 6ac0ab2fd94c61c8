// ES256 verification with a table that OpenSSL makes: an EC_GROUP whose generator is the key. For processors without
// the lanes of es256_lanes.h; a third of EVP's time.
//
// Used by es256_table.cc and tests. The table is immutable, any thread; a scratch belongs to one thread. Public
// values only.
#pragma once

#include <memory>

#include "core/base/result.h"
#include "core/crypto/es256_scalars.h"
#include "core/crypto/es256_verdict.h"

namespace claviger::crypto {

class Es256GroupScratch {
 public:
  Es256GroupScratch();
  ~Es256GroupScratch();
  Es256GroupScratch(const Es256GroupScratch&) = delete;
  Es256GroupScratch& operator=(const Es256GroupScratch&) = delete;

 private:
  friend class Es256GroupTable;
  struct Numbers;
  std::unique_ptr<Numbers> numbers_;
};

class Es256GroupTable {
 public:
  // Of a point on the curve; 20 ms. CryptoFailure.
  static Result<std::unique_ptr<const Es256GroupTable>> build(const Words256& x, const Words256& y);
  ~Es256GroupTable();
  Es256GroupTable(const Es256GroupTable&) = delete;
  Es256GroupTable& operator=(const Es256GroupTable&) = delete;

  Es256Verdict check(Es256GroupScratch& scratch, const Es256Scalars& scalars) const;

 private:
  struct Group;
  explicit Es256GroupTable(std::unique_ptr<const Group> group);
  std::unique_ptr<const Group> group_;
};

}  // namespace claviger::crypto
