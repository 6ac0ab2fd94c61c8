// nghttp2's callbacks and options for a server's connections, made once and shared. Any shard.
#pragma once

#include <nghttp2/nghttp2.h>

namespace claviger::http {

class Http2Connection;

nghttp2_session* make_http2_server_session(Http2Connection* connection);
nghttp2_data_source_read_callback http2_read_callback();

}  // namespace claviger::http
