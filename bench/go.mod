module github.com/weirhq/weir/bench

go 1.26.8

require github.com/HdrHistogram/hdrhistogram-go v1.2.0
