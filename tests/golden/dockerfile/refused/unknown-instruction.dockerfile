FROM alpine


RUM echo


# end
