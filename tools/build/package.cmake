# The CMake package `claviger`: what a server links that validates tokens in its own process.
#   cmake --install build/release --prefix DIR [--component verifier]
#   find_package(claviger REQUIRED) ... target_link_libraries(server PRIVATE claviger::verifier)
# Headers keep their paths below include/claviger, so that they read the same inside and outside of this tree.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

function(claviger_package)
  cmake_parse_arguments(ARG "" "CONFIG" "LIBRARIES;FOLDERS" ${ARGN})
  set(place "${CMAKE_INSTALL_LIBDIR}/cmake/claviger")
  foreach(library ${ARG_LIBRARIES})
    set_target_properties(claviger_${library} PROPERTIES EXPORT_NAME ${library})
    target_compile_features(claviger_${library} INTERFACE cxx_std_20)
    target_include_directories(claviger_${library} INTERFACE
      "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/claviger>")
    install(TARGETS claviger_${library} EXPORT claviger COMPONENT verifier DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  endforeach()
  foreach(folder ${ARG_FOLDERS})
    install(DIRECTORY "${CMAKE_SOURCE_DIR}/${folder}/" COMPONENT verifier
            DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/claviger/${folder}"
            FILES_MATCHING PATTERN "*.h" PATTERN "openssl.h" EXCLUDE)
  endforeach()
  install(EXPORT claviger NAMESPACE claviger:: FILE claviger-targets.cmake COMPONENT verifier DESTINATION "${place}")
  configure_package_config_file("${ARG_CONFIG}" "${CMAKE_CURRENT_BINARY_DIR}/claviger-config.cmake"
                                INSTALL_DESTINATION "${place}")
  write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/claviger-config-version.cmake"
                                   VERSION "${PROJECT_VERSION}" COMPATIBILITY SameMinorVersion)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/claviger-config.cmake"
                "${CMAKE_CURRENT_BINARY_DIR}/claviger-config-version.cmake"
          COMPONENT verifier DESTINATION "${place}")
endfunction()
