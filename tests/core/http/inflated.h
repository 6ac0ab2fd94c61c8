// What nghttp2 reads out of a header block, for tests that hold two blocks against each other.
#pragma once

#include <nghttp2/nghttp2.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/assert.h"
#include "core/base/bytes.h"

namespace claviger::http {

using InflatedFields = std::vector<std::pair<std::string, std::string>>;

class Inflater {
 public:
  Inflater() { CLAVIGER_ASSERT(nghttp2_hd_inflate_new(&inflater_) == 0); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { nghttp2_hd_inflate_del(inflater_); }

  // Nothing: it is none. The inflater is of no use then.
  std::optional<InflatedFields> read(Bytes block) {
    InflatedFields fields;
    for (;;) {
      nghttp2_nv nv{};
      int flags = 0;
      const ssize_t used = nghttp2_hd_inflate_hd2(inflater_, &nv, &flags, as_uchar(block), block.size(), 1);
      if (used < 0) return std::nullopt;
      block = block.subspan(static_cast<std::size_t>(used));
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
        fields.emplace_back(std::string(reinterpret_cast<char*>(nv.name), nv.namelen),
                            std::string(reinterpret_cast<char*>(nv.value), nv.valuelen));
      }
      if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0 && block.empty()) break;
    }
    nghttp2_hd_inflate_end_headers(inflater_);
    return fields;
  }

 private:
  nghttp2_hd_inflater* inflater_ = nullptr;
};

class Deflater {
 public:
  Deflater() { CLAVIGER_ASSERT(nghttp2_hd_deflate_new(&deflater_, 4096) == 0); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  ~Deflater() { nghttp2_hd_deflate_del(deflater_); }

  std::string block(const InflatedFields& fields) {
    std::vector<nghttp2_nv> all;
    for (const auto& [name, value] : fields) {
      nghttp2_nv nv{};
      nv.name = const_cast<std::uint8_t*>(as_uchar(as_bytes(name)));
      nv.namelen = name.size();
      nv.value = const_cast<std::uint8_t*>(as_uchar(as_bytes(value)));
      nv.valuelen = value.size();
      all.push_back(nv);
    }
    std::string coded(nghttp2_hd_deflate_bound(deflater_, all.data(), all.size()), '\0');
    const ssize_t size = nghttp2_hd_deflate_hd(deflater_, reinterpret_cast<std::uint8_t*>(coded.data()), coded.size(),
                                               all.data(), all.size());
    CLAVIGER_ASSERT(size >= 0);
    coded.resize(static_cast<std::size_t>(size));
    return coded;
  }

 private:
  nghttp2_hd_deflater* deflater_ = nullptr;
};

}  // namespace claviger::http
